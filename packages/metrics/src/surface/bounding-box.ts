import type { Triple, VoxelArray } from '@seg/core';
import type { Grid } from '../grid.ts';
import { type Membership, markMembers } from '../membership.ts';
import { skipZeros, wordsOf } from '../numeric/zeros.ts';

/** Smallest box that holds an object: [lowest, highest] index on each axis, inclusive. */
export interface Box {
  readonly low: Triple;
  readonly high: Triple;
}

/** The box around all voxels that belong to the object, or undefined if there are none. */
export function boundingBox(where: string, mask: VoxelArray, grid: Grid, membership: Membership): Box | undefined {
  return mask instanceof Uint8Array && membership.bytes[0] === 0
    ? boxOfBytes(mask, grid, membership.bytes)
    : boxOfAny(where, mask, grid, membership);
}

/** The smallest box that holds all the given ones, or undefined if there are none. */
export function joinBoxes(boxes: readonly (Box | undefined)[]): Box | undefined {
  const present = boxes.filter((box) => box !== undefined);
  if (present.length === 0) return undefined;
  const extreme = (axis: 0 | 1 | 2, end: 'low' | 'high'): number =>
    (end === 'low' ? Math.min : Math.max)(...present.map((box) => box[end][axis]));
  return {
    low: [extreme(0, 'low'), extreme(1, 'low'), extreme(2, 'low')],
    high: [extreme(0, 'high'), extreme(1, 'high'), extreme(2, 'high')],
  };
}

/** Reads only what can widen the box, and zeros four at a time. */
function boxOfBytes(mask: Uint8Array, grid: Grid, table: Uint8Array): Box | undefined {
  const [depth, height, width] = grid.shape;
  const words = wordsOf(mask);
  let [lowZ, lowY, lowX] = [depth, height, width];
  let [highZ, highY, highX] = [-1, -1, -1];
  for (let z = 0, start = 0; z < depth; z++) {
    for (let y = 0; y < height; y++, start += width) {
      // Where z and y are within the box already, only voxels left of it matter at first.
      const known = z === highZ && y >= lowY && y <= highY;
      const first = firstMember(mask, words, table, start, start + (known ? lowX : width)) - start;
      if (!known) {
        if (first === width) continue;
        if (z < lowZ) lowZ = z;
        highZ = z;
        if (y < lowY) lowY = y;
        if (y > highY) highY = y;
      }
      if (first < lowX) lowX = first;
      let last = width - 1;
      while (last > highX && table[mask[start + last]!] === 0) last--;
      if (last > highX) highX = last;
    }
  }
  return highZ < 0 ? undefined : { low: [lowZ, lowY, lowX], high: [highZ, highY, highX] };
}

function firstMember(
  mask: Uint8Array,
  words: Uint32Array | undefined,
  table: Uint8Array,
  from: number,
  to: number,
): number {
  let i = skipZeros(mask, words, from, to);
  while (i < to && table[mask[i]!] === 0) i = skipZeros(mask, words, i + 1, to);
  return i;
}

function boxOfAny(where: string, mask: VoxelArray, grid: Grid, membership: Membership): Box | undefined {
  const [depth, height, width] = grid.shape;
  const row = new Uint8Array(width);
  const low: [number, number, number] = [depth, height, width];
  const high: [number, number, number] = [-1, -1, -1];
  for (let z = 0, start = 0; z < depth; z++) {
    for (let y = 0; y < height; y++, start += width) {
      row.fill(0);
      markMembers(where, mask, start, width, membership, row, 0, 1);
      const first = row.indexOf(1);
      if (first < 0) continue;
      if (z < low[0]) low[0] = z;
      high[0] = z;
      low[1] = Math.min(low[1], y);
      high[1] = Math.max(high[1], y);
      low[2] = Math.min(low[2], first);
      high[2] = Math.max(high[2], row.lastIndexOf(1));
    }
  }
  return high[0] < 0 ? undefined : { low, high };
}
