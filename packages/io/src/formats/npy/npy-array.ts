import type { ByteOrder } from '../medical-image.ts';

/** NumPy's names of the element types that .npy files are read and written with. */
export type NpyDtype =
  | 'bool'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'uint64'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'complex64'
  | 'complex128';

/** Typed arrays of NumPy's types; bool as bytes 0 and 1, complex numbers as real and imaginary parts in turns. */
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** An n-dimensional array from a .npy file: row-major (last axis fastest) unless `fortranOrder`. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly dtype: NpyDtype;
  readonly data: NpyData;
  readonly fortranOrder: boolean;
  readonly byteOrder: ByteOrder;
}

interface NpyType {
  readonly code: string;
  readonly bytes: number;
  readonly array: NpyArrayConstructor;
}

interface NpyArrayConstructor {
  new (length: number): NpyData;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): NpyData;
  readonly BYTES_PER_ELEMENT: number;
}

/** NumPy's type codes without byte order, sizes and typed arrays. */
export const npyTypes: Readonly<Record<NpyDtype, NpyType>> = {
  bool: { code: 'b1', bytes: 1, array: Uint8Array },
  uint8: { code: 'u1', bytes: 1, array: Uint8Array },
  int8: { code: 'i1', bytes: 1, array: Int8Array },
  uint16: { code: 'u2', bytes: 2, array: Uint16Array },
  int16: { code: 'i2', bytes: 2, array: Int16Array },
  uint32: { code: 'u4', bytes: 4, array: Uint32Array },
  int32: { code: 'i4', bytes: 4, array: Int32Array },
  uint64: { code: 'u8', bytes: 8, array: BigUint64Array },
  int64: { code: 'i8', bytes: 8, array: BigInt64Array },
  float32: { code: 'f4', bytes: 4, array: Float32Array },
  float64: { code: 'f8', bytes: 8, array: Float64Array },
  complex64: { code: 'c8', bytes: 8, array: Float32Array },
  complex128: { code: 'c16', bytes: 16, array: Float64Array },
};
