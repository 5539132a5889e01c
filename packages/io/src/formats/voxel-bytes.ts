import { SegError } from '@seg/core';
import { littleEndianHost, swapBytes } from '../bytes/byte-order.ts';
import { type ByteOrder, type ImageArray, type ImageDtype, imageDtypes } from './medical-image.ts';

/** Largest image in bytes that readers accept unless told otherwise: 8 GiB. */
export const defaultMaxBytes = 8 * 2 ** 30;

/**
 * Bytes of an image's voxels, checked before anything is allocated.
 *
 * @throws SegError `corrupt-data` for sizes that are not positive or overflow, `limit-exceeded` above `maxBytes`.
 */
export function checkedVoxelBytes(
  where: string,
  shape: readonly number[],
  dtype: ImageDtype,
  maxBytes: number = defaultMaxBytes,
): number {
  let bytes = imageDtypes[dtype].bytes;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new SegError('corrupt-data', {
        where,
        problem: 'the header gives a size that is no positive whole number',
        got: shape,
      });
    }
    bytes *= size;
  }
  if (!Number.isSafeInteger(bytes)) {
    throw new SegError('corrupt-data', { where, problem: 'the sizes in the header overflow', got: shape });
  }
  if (bytes > maxBytes) {
    throw new SegError('limit-exceeded', {
      where,
      problem: `the header asks for ${bytes} bytes of voxels`,
      got: shape,
      expected: `at most ${maxBytes} bytes`,
      hint: 'Raise maxBytes if the file is trusted, or read it in slabs.',
    });
  }
  return bytes;
}

/** Whether stored numbers are in this machine's byte order. */
export function inHostOrder({
  dtype,
  byteOrder,
}: {
  readonly dtype: ImageDtype;
  readonly byteOrder: ByteOrder;
}): boolean {
  return imageDtypes[dtype].array.BYTES_PER_ELEMENT === 1 || (byteOrder === 'little') === littleEndianHost;
}

/**
 * Voxels out of a file's bytes: a view where alignment and byte order allow it, else a copy in this machine's order.
 */
export function voxelArray(
  bytes: Uint8Array,
  offset: number,
  byteLength: number,
  dtype: ImageDtype,
  byteOrder: ByteOrder,
): ImageArray {
  const { array } = imageDtypes[dtype];
  const size = array.BYTES_PER_ELEMENT;
  const swap = !inHostOrder({ dtype, byteOrder });
  const aligned = (bytes.byteOffset + offset) % size === 0 && bytes.buffer instanceof ArrayBuffer;
  if (aligned && !swap) return new array(bytes.buffer as ArrayBuffer, bytes.byteOffset + offset, byteLength / size);
  const copy = bytes.slice(offset, offset + byteLength);
  // A Node Buffer's slice shares its memory, a Uint8Array's does not; only an own copy may be swapped in place.
  const own = copy.buffer === bytes.buffer ? new Uint8Array(copy) : copy;
  if (swap) swapBytes(own, size);
  return new array(own.buffer as ArrayBuffer, own.byteOffset, byteLength / size);
}
