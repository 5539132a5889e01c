import type { Triple, VoxelArray } from '@seg/core';
import type { Grid } from '../grid.ts';
import { type Membership, markMembers } from '../membership.ts';

/** Smallest box that holds an object: [lowest, highest] index on each axis, inclusive. */
export interface Box {
  readonly low: Triple;
  readonly high: Triple;
}

/** The union of two objects' boxes with one voxel of background around it, as bit flags. */
export interface CroppedPair {
  /** Bit 1: voxel of the prediction, bit 2: voxel of the reference; zero on the rim. */
  readonly flags: Uint8Array;
  /** Sizes of `flags`, rim included. */
  readonly shape: Triple;
  /** Voxels of the prediction, of the reference, and of both. */
  readonly counts: readonly [number, number, number];
}

/** The box around all voxels of either mask that belong to the object, or undefined if there are none. */
export function unionBox(
  where: string,
  masks: readonly VoxelArray[],
  grid: Grid,
  membership: Membership,
): Box | undefined {
  const [depth, height, width] = grid.shape;
  const low: [number, number, number] = [depth, height, width];
  const high: [number, number, number] = [-1, -1, -1];
  const row = new Uint8Array(width);
  for (let z = 0, start = 0; z < depth; z++) {
    for (let y = 0; y < height; y++, start += width) {
      row.fill(0);
      for (const mask of masks) markMembers(where, mask, start, width, membership, row, 0, 1);
      const first = row.indexOf(1);
      if (first < 0) continue;
      const last = row.lastIndexOf(1);
      if (z < low[0]) low[0] = z;
      if (y < low[1]) low[1] = y;
      if (first < low[2]) low[2] = first;
      high[0] = z;
      if (y > high[1]) high[1] = y;
      if (last > high[2]) high[2] = last;
    }
  }
  return high[0] < 0 ? undefined : { low, high };
}

/** Copies the voxels of a box out of both masks, with a rim of zeros so that every voxel has all its neighbours. */
export function cropPair(
  where: string,
  prediction: VoxelArray,
  reference: VoxelArray,
  grid: Grid,
  membership: Membership,
  box: Box,
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
    }
  }
  return { flags, shape, counts: countFlags(flags) };
}

function countFlags(flags: Uint8Array): [number, number, number] {
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
