import { type Affine, affineFromSpacing, determinantOfAffine, spacingOfAffine, type Triple } from './affine.ts';
import { SegError } from './errors.ts';

/** The typed arrays that hold voxels. */
export type VoxelArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/**
 * Voxels on a grid in space.
 *
 * `data` is ordered [channel][z][y][x] with x fastest, so a NIfTI file's voxels are used as they lie. `shape` and
 * `spacingMm` are in (z, y, x) order; `affine` maps (x, y, z) voxel indices to RAS+ mm.
 */
export interface Volume<T extends VoxelArray = VoxelArray> {
  readonly data: T;
  readonly shape: Triple;
  readonly channels: number;
  readonly spacingMm: Triple;
  readonly affine: Affine;
}

export interface VolumeOptions {
  /** Default 1. */
  readonly channels?: number;
  /** Default: the affine's column lengths, or 1 mm. */
  readonly spacingMm?: Triple;
  /** Default: axis-aligned with the spacing, origin 0. */
  readonly affine?: Affine;
}

/**
 * A checked volume over the given data (not copied).
 *
 * @throws SegError `shape-mismatch` when the data's length is not channels * depth * height * width,
 * `invalid-argument` for sizes, spacings or affines that are no such thing.
 */
export function createVolume<T extends VoxelArray>(data: T, shape: Triple, options: VolumeOptions = {}): Volume<T> {
  const { channels = 1 } = options;
  if (shape.length !== 3 || ![...shape, channels].every((n) => Number.isInteger(n) && n > 0)) {
    throw new SegError('invalid-argument', {
      where: 'createVolume',
      problem: 'sizes must be positive integers',
      got: { shape, channels },
    });
  }
  const voxels = channels * shape[0] * shape[1] * shape[2];
  if (data.length !== voxels) {
    throw new SegError('shape-mismatch', {
      where: 'createVolume',
      problem: `the data does not fill the shape [${shape}] with ${channels} channel(s)`,
      got: data.length,
      expected: voxels,
    });
  }
  const affine = options.affine ?? affineFromSpacing(options.spacingMm ?? [1, 1, 1]);
  if (affine.length !== 16 || !affine.every(Number.isFinite)) {
    throw new SegError('invalid-argument', {
      where: 'createVolume',
      problem: 'the affine must be 16 finite numbers',
      got: affine,
    });
  }
  const spacingMm = options.spacingMm ?? spacingOfAffine(affine);
  if (!spacingMm.every((s) => Number.isFinite(s) && s > 0)) {
    throw new SegError('invalid-argument', {
      where: 'createVolume',
      problem: 'spacing must be positive',
      got: spacingMm,
    });
  }
  return { data, shape, channels, spacingMm, affine };
}

/** Voxels of one channel: depth * height * width. */
export function voxelCount(shape: Triple): number {
  return shape[0] * shape[1] * shape[2];
}

/** Volume of one voxel in ml (cm^3): of a volume or grid by its affine, which may be sheared, or of a spacing in mm. */
export function voxelVolumeMl(of: Triple | { readonly affine: Affine }): number {
  if ('affine' in of) return Math.abs(determinantOfAffine(of.affine)) / 1000;
  return (of[0] * of[1] * of[2]) / 1000;
}
