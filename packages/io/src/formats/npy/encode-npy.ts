import { SegError } from '@seg/core';
import { littleEndianHost, swapBytes } from '../../bytes/byte-order.ts';
import { type NpyArray, type NpyData, type NpyDtype, npyTypes } from './npy-array.ts';

/**
 * The bytes of a .npy file (format 1.0, little-endian).
 *
 * @throws SegError `shape-mismatch` when the data does not fill the shape.
 *
 * @example
 * const bytes = encodeNpy({ shape: [2, 3], data: new Float32Array(6) });
 */
export function encodeNpy(
  array: Pick<NpyArray, 'shape'> & {
    readonly data: NpyData;
    readonly dtype?: NpyDtype;
    readonly fortranOrder?: boolean;
  },
): Uint8Array<ArrayBuffer> {
  const { shape, data, fortranOrder = false } = array;
  const names = Object.keys(npyTypes) as NpyDtype[];
  const dtype = array.dtype ?? names.find((name) => name !== 'bool' && data instanceof npyTypes[name].array)!;
  const { code, bytes: size, array: arrayType } = npyTypes[dtype];
  const expected = shape.reduce((product, n) => product * n, size / arrayType.BYTES_PER_ELEMENT);
  if (!(data instanceof arrayType) || data.length !== expected) {
    throw new SegError('shape-mismatch', {
      where: 'encodeNpy',
      problem: `the data does not fill an array of ${dtype} of shape [${shape}]`,
      got: data.length,
      expected,
    });
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const order = fortranOrder ? 'True' : 'False';
  const text = `{'descr': '${size === 1 ? '|' : '<'}${code}', 'fortran_order': ${order}, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 11)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  if (!littleEndianHost) swapBytes(bytes.subarray(length), data.BYTES_PER_ELEMENT);
  return bytes;
}
