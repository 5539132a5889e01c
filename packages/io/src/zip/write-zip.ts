import { SegError } from '@seg/core';
import { crc32 } from '../gzip/crc32.ts';

/**
 * The bytes of a zip archive with these files stored (not compressed), dates at the format's zero; below 4 GiB.
 *
 * @throws SegError `limit-exceeded` for more than 4 GiB or 65535 files.
 */
export function writeZip(files: Iterable<readonly [string, Uint8Array]>): Uint8Array<ArrayBuffer> {
  const entries = Array.from(files, ([name, content]) => ({ name: new TextEncoder().encode(name), content }));
  const size = entries.reduce((sum, { name, content }) => sum + 76 + 2 * name.length + content.length, 22);
  if (size > 0xffffffff || entries.length > 0xffff) {
    throw new SegError('limit-exceeded', { where: 'writeZip', problem: 'the archive would be too large', got: size });
  }
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const offsets = entries.map(({ name, content }) => {
    const offset = at;
    view.setUint32(at, 0x04034b50, true);
    writeFields(view, at + 4, content, name.length);
    bytes.set(name, at + 30);
    bytes.set(content, at + 30 + name.length);
    at += 30 + name.length + content.length;
    return offset;
  });
  const directory = at;
  entries.forEach(({ name, content }, i) => {
    view.setUint32(at, 0x02014b50, true);
    view.setUint16(at + 4, 20, true);
    writeFields(view, at + 6, content, name.length);
    view.setUint32(at + 42, offsets[i]!, true);
    bytes.set(name, at + 46);
    at += 46 + name.length;
  });
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, entries.length, true);
  view.setUint16(at + 10, entries.length, true);
  view.setUint32(at + 12, at - directory, true);
  view.setUint32(at + 16, directory, true);
  return bytes;
}

/** The fields that local and central headers share: version, UTF-8 names, no compression, 1980-01-01, checksum, sizes. */
function writeFields(view: DataView, at: number, content: Uint8Array, nameLength: number): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, 0x0800, true);
  view.setUint16(at + 8, 0x21, true);
  view.setUint32(at + 10, crc32(content), true);
  view.setUint32(at + 14, content.length, true);
  view.setUint32(at + 18, content.length, true);
  view.setUint16(at + 22, nameLength, true);
}
