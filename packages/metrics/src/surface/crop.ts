import type { Triple, VoxelArray } from '@seg/core';
import type { Grid } from '../grid.ts';
import { type Membership, markMembers } from '../membership.ts';
import type { Box } from './bounding-box.ts';

/** The union of two objects' boxes with one voxel of background around it, as bit flags. */
export interface CroppedPair {
  /** Bit 1: voxel of the prediction, bit 2: voxel of the reference; zero on the rim. */
  readonly flags: Uint8Array;
  /** Sizes of `flags`, rim included. */
  readonly shape: Triple;
}

/** Marks a voxel whose reference is ignored, until all are known. */
const IGNORED_BIT = 4;

/**
 * Copies the voxels of a box out of both masks, with a rim of zeros so that every voxel has all its neighbours. Voxels
 * whose reference is in `ignored` belong to neither mask.
 */
export function cropPair(
  where: string,
  prediction: VoxelArray,
  reference: VoxelArray,
  grid: Grid,
  membership: Membership,
  box: Box,
  ignored?: Membership,
): CroppedPair {
  const [, height, width] = grid.shape;
  const size = [0, 1, 2].map((axis) => box.high[axis as 0]! - box.low[axis as 0]! + 1) as [number, number, number];
  const shape: Triple = [size[0] + 2, size[1] + 2, size[2] + 2];
  const flags = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let z = 0; z < size[0]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const from = ((z + box.low[0]) * height + y + box.low[1]) * width + box.low[2];
      const to = ((z + 1) * shape[1] + y + 1) * shape[2] + 1;
      markMembers(where, prediction, from, size[2], membership, flags, to, 1);
      markMembers(where, reference, from, size[2], membership, flags, to, 2);
      if (ignored === undefined) continue;
      markMembers(where, reference, from, size[2], ignored, flags, to, IGNORED_BIT);
      for (let i = to; i < to + size[2]; i++) if ((flags[i]! & IGNORED_BIT) !== 0) flags[i] = 0;
    }
  }
  return { flags, shape };
}

/** Voxels of the prediction, of the reference, and of both. */
export function countVoxels({ flags }: CroppedPair): [number, number, number] {
  let prediction = 0;
  let reference = 0;
  let both = 0;
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i]!;
    prediction += flag & 1;
    reference += flag >> 1;
    both += flag & (flag >> 1);
  }
  return [prediction, reference, both];
}
