import { SegError, type Triple, voxelCount } from '@seg/core';

/** What is augmented: a piece of a volume, cut from the loader's cache. */
export interface Patch {
  /** [C, D, H, W], x fastest. */
  readonly image: Float32Array;
  /** [L, D, H, W] label maps (one as a rule); all are warped with nearest-neighbour interpolation. */
  readonly label?: Uint8Array;
  /** [D, H, W]. */
  readonly shape: Triple;
}

/** Number of channels of the image (or of label maps), after checking that the array fills the shape. */
export function countChannels(where: string, what: string, length: number, shape: Triple): number {
  const voxels = voxelCount(shape);
  if (shape.length === 3 && shape.every((n) => Number.isInteger(n) && n > 0) && length > 0 && length % voxels === 0) {
    return length / voxels;
  }
  throw new SegError('shape-mismatch', {
    where,
    problem: `the ${what} does not fill a whole number of channels of the shape`,
    got: { length, shape },
    expected: `a multiple of ${voxels}`,
    hint: 'Arrays are [C, D, H, W] with x fastest.',
  });
}
