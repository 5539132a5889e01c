import { SegError } from '@seg/core';
import { crc32 } from '../gzip/crc32.ts';
import { inflate } from '../gzip/inflate.ts';

export interface ReadZipOptions {
  /** Most bytes that all files together may have. Default 8 GiB. */
  readonly maxBytes?: number;
  /** Most files. Default 10000. */
  readonly maxFiles?: number;
  readonly name?: string;
}

interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerAt: number;
}

/**
 * The files in a zip archive by name, stored or deflated, checksums verified, also in the 64-bit form.
 *
 * @throws SegError `corrupt-data`, `unsupported` (encryption, other compressions), `limit-exceeded`.
 */
export function readZip(bytes: Uint8Array, options: ReadZipOptions = {}): Map<string, Uint8Array> {
  const { maxBytes = 8 * 2 ** 30, maxFiles = 10_000, name: where = 'readZip' } = options;
  const members = readDirectory(where, bytes, maxFiles);
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) {
    throw new SegError('limit-exceeded', {
      where,
      problem: 'the archive holds too much',
      got: total,
      expected: maxBytes,
    });
  }
  const files = new Map<string, Uint8Array>();
  for (const member of members) {
    if (files.has(member.name)) throw corrupt(where, 'two files have one name', member.name);
    files.set(member.name, extract(where, bytes, member));
  }
  return files;
}

function readDirectory(where: string, bytes: Uint8Array, maxFiles: number): Member[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(where, view);
  let count: number = view.getUint16(end + 10, true);
  let length: number = view.getUint32(end + 12, true);
  let at: number = view.getUint32(end + 16, true);
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === 0x07064b50) {
    const record = Number(view.getBigUint64(locator + 8, true));
    if (record + 56 > bytes.length || view.getUint32(record, true) !== 0x06064b50) {
      throw corrupt(where, 'the 64-bit directory is damaged');
    }
    count = Number(view.getBigUint64(record + 32, true));
    length = Number(view.getBigUint64(record + 40, true));
    at = Number(view.getBigUint64(record + 48, true));
  }
  if (count > maxFiles) {
    throw new SegError('limit-exceeded', {
      where,
      problem: 'the archive has too many files',
      got: count,
      expected: maxFiles,
    });
  }
  const members: Member[] = [];
  const behind = at + length;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw corrupt(where, 'the directory of the archive is damaged', `entry ${i}`);
    }
    if ((view.getUint16(at + 8, true) & 1) !== 0) {
      throw new SegError('unsupported', { where, problem: 'the archive is encrypted' });
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) throw corrupt(where, 'the directory of the archive is damaged', `entry ${i}`);
    members.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      ...wideSizes(view, at, at + 46 + nameLength, extraLength),
    });
    at = next;
  }
  if (at !== behind) throw corrupt(where, 'the directory of the archive is damaged', `${count} entries`);
  return members;
}

/** Where the end record begins: the last place with its signature, as Python's zipfile takes it. */
function findEnd(where: string, view: DataView): number {
  const least = Math.max(0, view.byteLength - 22 - 65535);
  for (let at = view.byteLength - 22; at >= least; at--) {
    if (view.getUint32(at, true) === 0x06054b50) return at;
  }
  throw corrupt(where, 'this is no zip archive');
}

/** Sizes and offset, from the 64-bit extra field where the plain ones are full. */
function wideSizes(
  view: DataView,
  at: number,
  extraAt: number,
  extraLength: number,
): Pick<Member, 'packedSize' | 'size' | 'headerAt'> {
  const values = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  for (let field = extraAt; field + 4 <= extraAt + extraLength; ) {
    const length = view.getUint16(field + 2, true);
    if (view.getUint16(field, true) === 1) {
      let from = field + 4;
      for (let i = 0; i < 3; i++) {
        if (values[i] !== 0xffffffff || from + 8 > field + 4 + length || from + 8 > view.byteLength) continue;
        values[i] = Number(view.getBigUint64(from, true));
        from += 8;
      }
    }
    field += 4 + length;
  }
  const [size, packedSize, headerAt] = values as [number, number, number];
  return { size, packedSize, headerAt };
}

function extract(
  where: string,
  bytes: Uint8Array,
  { name, method, crc, packedSize, size, headerAt }: Member,
): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (headerAt + 30 > bytes.length || view.getUint32(headerAt, true) !== 0x04034b50) {
    throw corrupt(where, 'a file of the archive has no header', name);
  }
  const nameLength = view.getUint16(headerAt + 26, true);
  const ownName = new TextDecoder().decode(bytes.subarray(headerAt + 30, headerAt + 30 + nameLength));
  if (ownName !== name) throw corrupt(where, 'a file of the archive has two names', `${name}, ${ownName}`);
  const start = headerAt + 30 + nameLength + view.getUint16(headerAt + 28, true);
  if (start + packedSize > bytes.length) throw corrupt(where, 'a file of the archive runs past its end', name);
  const packed = bytes.subarray(start, start + packedSize);
  let content: Uint8Array = packed;
  if (method === 8) {
    const result = inflate(packed, 0, { expectedBytes: Math.min(size, packedSize * 1032), maxBytes: size });
    if (typeof result === 'string') throw corrupt(where, `a file of the archive is ${result}`, name);
    content = result.output;
  } else if (method !== 0) {
    throw new SegError('unsupported', {
      where,
      problem: 'a file is compressed in a way that is not supported',
      got: method,
    });
  }
  if (content.length !== size || crc32(content) !== crc) throw corrupt(where, 'a checksum or size is wrong', name);
  return content;
}

function corrupt(where: string, problem: string, got?: string): SegError {
  return new SegError('corrupt-data', { where, problem, ...(got === undefined ? {} : { got }) });
}
