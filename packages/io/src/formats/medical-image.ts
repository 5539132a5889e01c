import type { Affine } from '@seg/core';
import type { NiftiExtension } from './nifti/nifti-extensions.ts';

/** NumPy's names of element types, and the two packed colour types of NIfTI. */
export type ImageDtype =
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
  | 'complex128'
  | 'rgb24'
  | 'rgba32';

/** The typed arrays that hold an image as it was stored. */
export type ImageArray =
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

export type ByteOrder = 'little' | 'big';

export type ImageFormat = 'nifti1' | 'nifti2' | 'analyze' | 'nrrd' | 'metaimage' | 'npy' | 'hdf5' | 'dicom';

/**
 * An image as its file holds it, of any format.
 *
 * `data` is in this machine's byte order, first axis of `shape` fastest, unscaled; complex and colour voxels are
 * interleaved (see `imageDtypes[dtype].components`). The image's values are `data * slope + intercept`, or `data` where
 * `slope` is null or voxels are colours.
 */
export interface MedicalImage {
  readonly format: ImageFormat;
  /** Voxels along each axis, x first. */
  readonly shape: readonly number[];
  readonly dtype: ImageDtype;
  /** Byte order in the file. */
  readonly byteOrder: ByteOrder;
  readonly data: ImageArray;
  /** Null when the file asks for no scaling. */
  readonly slope: number | null;
  readonly intercept: number | null;
  /** Voxel sizes along each axis of `shape`: the affine's spacing in mm for the first three, else the file's units. */
  readonly zooms: readonly number[];
  /** Voxel index (x, y, z) to RAS+ mm; 16 numbers, row-major. */
  readonly affine: Affine;
  /** The format's own header fields. */
  readonly header: object;
  /** NIfTI header extensions; empty for other formats. */
  readonly extensions: readonly NiftiExtension[];
  /** Faults of the file that were repaired while reading, contradictions in its header, and shear; for people. */
  readonly warnings: readonly string[];
}

interface DtypeInfo {
  /** Bytes of a voxel. */
  readonly bytes: number;
  /** Numbers in a voxel: 2 for complex, 3 or 4 for colours. */
  readonly components: number;
  /** Typed array of the components. */
  readonly array: ImageArrayConstructor;
}

interface ImageArrayConstructor {
  new (length: number): ImageArray;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): ImageArray;
  readonly BYTES_PER_ELEMENT: number;
}

/** Size, components and typed array of each dtype. */
export const imageDtypes: Readonly<Record<ImageDtype, DtypeInfo>> = {
  uint8: { bytes: 1, components: 1, array: Uint8Array },
  int8: { bytes: 1, components: 1, array: Int8Array },
  uint16: { bytes: 2, components: 1, array: Uint16Array },
  int16: { bytes: 2, components: 1, array: Int16Array },
  uint32: { bytes: 4, components: 1, array: Uint32Array },
  int32: { bytes: 4, components: 1, array: Int32Array },
  uint64: { bytes: 8, components: 1, array: BigUint64Array },
  int64: { bytes: 8, components: 1, array: BigInt64Array },
  float32: { bytes: 4, components: 1, array: Float32Array },
  float64: { bytes: 8, components: 1, array: Float64Array },
  complex64: { bytes: 8, components: 2, array: Float32Array },
  complex128: { bytes: 16, components: 2, array: Float64Array },
  rgb24: { bytes: 3, components: 3, array: Uint8Array },
  rgba32: { bytes: 4, components: 4, array: Uint8Array },
};

/** Whether voxels are red, green and blue bytes, which no scaling applies to. */
export function isColour(dtype: ImageDtype): boolean {
  return dtype === 'rgb24' || dtype === 'rgba32';
}

/** The scaling that applies to an image's voxels: 1 and 0 where there is none. */
export function scalingOf({ slope, intercept, dtype }: Pick<MedicalImage, 'slope' | 'intercept' | 'dtype'>): {
  readonly slope: number;
  readonly intercept: number;
} {
  return slope === null || isColour(dtype) ? { slope: 1, intercept: 0 } : { slope, intercept: intercept ?? 0 };
}
