/** Element types of the safetensors format that have a typed array here; F16 and BF16 stay raw bits in a `Uint16Array`. */
export type SafetensorsDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

/** The typed arrays that hold the elements of a safetensors tensor. */
export type SafetensorsArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** One named array: `data` is row-major (last axis fastest) and has as many elements as `shape` says. */
export interface SafetensorsTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: SafetensorsArray;
}

/** What a safetensors file holds: tensors by name, and free text by key. */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, SafetensorsTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

type ArrayConstructor = {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): SafetensorsArray;
  readonly BYTES_PER_ELEMENT: number;
};

/** Typed array of each dtype. */
export const safetensorsArrays: Readonly<Record<SafetensorsDtype, ArrayConstructor>> = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};
