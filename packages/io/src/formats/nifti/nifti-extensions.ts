import { SegError } from '@seg/core';
import type { ByteOrder } from '../medical-image.ts';

/** A NIfTI header extension: its registered code (2 DICOM, 4 AFNI, 6 comment, ...) and content with padding. */
export interface NiftiExtension {
  readonly code: number;
  readonly content: Uint8Array;
}

/**
 * The extensions between a header and `end` (the voxels' offset, or the end of a .hdr file). None unless the flag byte
 * after the header is set; content is copied.
 *
 * @throws SegError `corrupt-data` for sizes that cannot be or run past the end.
 */
export function parseNiftiExtensions(
  where: string,
  bytes: Uint8Array,
  headerBytes: number,
  end: number,
  byteOrder: ByteOrder,
  toEndOfFile: boolean,
): NiftiExtension[] {
  if (bytes.length < headerBytes + 4 || bytes[headerBytes] === 0) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = byteOrder === 'little';
  const extensions: NiftiExtension[] = [];
  let at = headerBytes + 4;
  while (toEndOfFile ? at < end : end - at >= 16) {
    if (at + 8 > bytes.length) throw corrupt(where, 'the file ends inside an extension header', bytes.length);
    const size = view.getInt32(at, little);
    if (size < 8) throw corrupt(where, 'an extension gives an impossible size', size);
    if (at + size > Math.min(end, bytes.length)) throw corrupt(where, 'an extension runs past its end', size);
    extensions.push({
      code: view.getInt32(at + 4, little),
      content: new Uint8Array(bytes.subarray(at + 8, at + size)),
    });
    at += size;
  }
  return extensions;
}

/** Bytes of extensions as they are written: size and code before each, padded with zeros to a multiple of 16. */
export function encodeNiftiExtensions(extensions: readonly NiftiExtension[], byteOrder: ByteOrder): Uint8Array {
  const sizes = extensions.map(({ content }) => Math.ceil((content.length + 8) / 16) * 16);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  extensions.forEach(({ code, content }, i) => {
    view.setInt32(at, sizes[i]!, byteOrder === 'little');
    view.setInt32(at + 4, code, byteOrder === 'little');
    bytes.set(content, at + 8);
    at += sizes[i]!;
  });
  return bytes;
}

function corrupt(where: string, problem: string, got: unknown): SegError {
  return new SegError('corrupt-data', { where, problem, got });
}
