import { type Affine, multiplyAffine, SegError, type Volume } from '@seg/core';
import { dtypeOfArray } from './convert-voxels.ts';
import {
  type ImageArray,
  type ImageDtype,
  imageDtypes,
  isColour,
  type MedicalImage,
  scalingOf,
} from './medical-image.ts';
import { scaledData } from './scaled-data.ts';

/** What formats without scaling and header extensions can hold. */
export interface Raster {
  /** x first; channels last. */
  readonly shape: readonly number[];
  readonly dtype: ImageDtype;
  readonly data: ImageArray;
  readonly affine: Affine;
  /** Spacing of each axis. */
  readonly zooms: readonly number[];
}

/**
 * A volume or image as a raster; scaled images become float32 values, others stay as they are stored. A plane that does
 * not lie in x and y of the world at z = 0 gets a third axis of size 1, because formats describe planes in the plane only.
 */
export function rasterOf(source: Volume | MedicalImage): Raster {
  const raster = unchecked(source);
  const { affine, shape, zooms } = raster;
  if (shape.length > 2 || String([2, 6, 8, 9, 10, 11].map((i) => affine[i])) === '0,0,0,0,1,0') return raster;
  const missing = 3 - shape.length;
  const column = (j: number) => Math.hypot(affine[j]!, affine[4 + j]!, affine[8 + j]!);
  return {
    ...raster,
    shape: [...shape, ...new Array<number>(missing).fill(1)],
    zooms: [...zooms, ...[1, 2].slice(-missing).map(column)],
  };
}

function unchecked(source: Volume | MedicalImage): Raster {
  if ('format' in source) {
    const { slope, intercept } = scalingOf(source);
    const plain = slope === 1 && intercept === 0;
    return {
      shape: source.shape,
      dtype: plain ? source.dtype : 'float32',
      data: plain ? source.data : scaledData(source),
      affine: source.affine,
      zooms: source.zooms,
    };
  }
  const [z, y, x] = source.shape;
  const [sz, sy, sx] = source.spacingMm;
  const many = source.channels > 1;
  return {
    shape: many ? [x, y, z, source.channels] : [x, y, z],
    dtype: dtypeOfArray(source.data),
    data: source.data,
    affine: source.affine,
    zooms: many ? [sx, sy, sz, 1] : [sx, sy, sz],
  };
}

const flipXY: Affine = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** The same map with world coordinates in the other of RAS+ (NIfTI) and LPS+ (DICOM, ITK). */
export function swapRasLps(affine: Affine): Affine {
  return multiplyAffine(flipXY, affine).map((v) => (v === 0 ? 0 : v));
}

/**
 * Three-dimensional affine from up to three axis vectors (world x, y, z) and an origin; missing axes are
 * made up: along z in a plane, else at right angles to the others.
 */
export function affineFromAxes(axes: readonly (readonly number[])[], origin: readonly number[]): Affine {
  const [a = [1, 0, 0], b] = axes.map((axis) => [axis[0] ?? 0, axis[1] ?? 0, axis[2] ?? 0]);
  const second = b ?? (axes.every((axis) => axis.length < 2) ? [0, 1, 0] : perpendicular(a));
  const planar = axes.every((axis) => axis.length < 3);
  const third = axes.length > 2 ? axes[2]! : planar ? [0, 0, 1] : unit(cross(a, second));
  const row = (i: number) => [a[i]!, second[i]!, third[i] ?? 0, origin[i] ?? 0];
  return [...row(0), ...row(1), ...row(2), 0, 0, 0, 1].map((v) => (v === 0 ? 0 : v));
}

function perpendicular(a: readonly number[]): number[] {
  const smallest = [0, 1, 2].sort((i, j) => Math.abs(a[i]!) - Math.abs(a[j]!))[0]!;
  return unit(
    cross(
      [0, 1, 2].map((i) => Number(i === smallest)),
      a,
    ),
  );
}

function cross(a: readonly number[], b: readonly number[]): number[] {
  return [0, 1, 2].map((i) => a[(i + 1) % 3]! * b[(i + 2) % 3]! - a[(i + 2) % 3]! * b[(i + 1) % 3]!);
}

function unit(a: readonly number[]): number[] {
  const length = Math.hypot(...a) || 1;
  return a.map((v) => v / length);
}

/** Moves the first axis of an array (fastest) behind all others. */
export function moveFirstAxisLast(data: ImageArray, size: number): ImageArray {
  if (size === 1) return data;
  const result = new (data.constructor as new (length: number) => ImageArray)(data.length);
  const voxels = data.length / size;
  for (let c = 0; c < size; c++) {
    for (let i = 0; i < voxels; i++) result[c * voxels + i] = data[i * size + c]!;
  }
  return result;
}

/** Bytes of voxels in little-endian order, in a copy. */
export function littleEndianBytes(data: ImageArray, swap: (bytes: Uint8Array, size: number) => void): Uint8Array {
  const bytes = new Uint8Array(data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  swap(bytes, data.BYTES_PER_ELEMENT);
  return bytes;
}

/** Refuses types that a format has no name for. */
export function checkType<T>(where: string, dtype: ImageDtype, names: Partial<Readonly<Record<ImageDtype, T>>>): T {
  const name = names[dtype];
  if (name !== undefined) return name;
  throw new SegError('unsupported', { where, problem: `the format has no ${dtype} voxels`, got: dtype });
}

/** Numbers in a voxel that lie next to each other. */
export function interleavedComponents(dtype: ImageDtype): number {
  return isColour(dtype) || dtype.startsWith('complex') ? imageDtypes[dtype].components : 1;
}
