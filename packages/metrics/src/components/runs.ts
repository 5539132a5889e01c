import type { Triple, VoxelArray } from '@seg/core';
import { type Membership, markMembers } from '../membership.ts';
import { skipZeros, wordsOf } from '../numeric/zeros.ts';
import type { NeighbourRow } from './connectivity.ts';

/** The runs of object voxels along x, in raster order, joined into sets of touching runs. */
export interface JoinedRuns {
  readonly count: number;
  /** First voxel of each run, and the voxel behind its last, as indices into the volume. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The set of each run: 1, 2, ... in the order of each set's first voxel. */
  readonly components: Int32Array;
  readonly componentCount: number;
}

/** Finds the runs of a mask and joins those that touch: union-find over runs, with the earliest run as root. */
export function joinRuns(
  where: string,
  mask: VoxelArray,
  [depth, height, width]: Triple,
  membership: Membership,
  neighbours: readonly NeighbourRow[],
): JoinedRuns {
  const rows = depth * height;
  const rowRuns = new Int32Array(rows + 1);
  let starts = new Int32Array(1024);
  let ends = new Int32Array(1024);
  let count = 0;
  const perRow = (width + 1) >> 1;
  const bytes = mask instanceof Uint8Array ? mask : undefined;
  const words = bytes && wordsOf(bytes);
  const flags = new Uint8Array(width);
  for (let row = 0, start = 0; row < rows; row++, start += width) {
    if (count + perRow > starts.length) {
      starts = grown(starts, count + perRow);
      ends = grown(ends, count + perRow);
    }
    if (bytes !== undefined && membership.bytes[0] === 0) {
      count = findRuns(bytes, words, membership.bytes, start, start + width, 0, starts, ends, count);
    } else {
      flags.fill(0);
      markMembers(where, mask, start, width, membership, flags, 0, 1);
      count = findRuns(flags, undefined, MARKED, 0, width, start, starts, ends, count);
    }
    rowRuns[row + 1] = count;
  }
  const parents = new Int32Array(count);
  for (let i = 0; i < count; i++) parents[i] = i;
  for (let z = 0, row = 0; z < depth; z++) {
    for (let y = 0; y < height; y++, row++) {
      if (rowRuns[row] === rowRuns[row + 1]) continue;
      for (let k = 0; k < neighbours.length; k++) {
        const { dz, dy, reach } = neighbours[k]!;
        if (z + dz < 0 || y + dy < 0 || y + dy >= height) continue;
        joinRows(parents, starts, ends, rowRuns, row, row + dz * height + dy, width, reach);
      }
    }
  }
  const componentCount = numberSets(parents, count);
  return { count, starts, ends, components: parents, componentCount };
}

/** Table of members for bytes that are marks already. */
const MARKED = Uint8Array.of(0, 1);

/** Appends the runs of members among bytes from to to (0 is none), moved by `shift`, and returns the new count. */
function findRuns(
  bytes: Uint8Array,
  words: Uint32Array | undefined,
  table: Uint8Array,
  from: number,
  to: number,
  shift: number,
  starts: Int32Array,
  ends: Int32Array,
  first: number,
): number {
  let count = first;
  for (let i = skipZeros(bytes, words, from, to); i < to; i = skipZeros(bytes, words, i, to)) {
    if (table[bytes[i]!] === 0) {
      i++;
      continue;
    }
    starts[count] = i + shift;
    do i++;
    while (i < to && table[bytes[i]!] !== 0);
    ends[count++] = i + shift;
  }
  return count;
}

/** Joins the runs of two rows that overlap when both are laid on one line, or touch at a corner if reach is 1. */
function joinRows(
  parents: Int32Array,
  starts: Int32Array,
  ends: Int32Array,
  rowRuns: Int32Array,
  row: number,
  other: number,
  width: number,
  reach: number,
): void {
  const shift = (row - other) * width;
  const end = rowRuns[row + 1]!;
  const otherEnd = rowRuns[other + 1]!;
  let i = rowRuns[row]!;
  let j = rowRuns[other]!;
  while (i < end && j < otherEnd) {
    const tail = ends[i]!;
    const otherTail = ends[j]! + shift;
    if (starts[i]! < otherTail + reach && starts[j]! + shift < tail + reach) join(parents, i, j);
    if (tail < otherTail) i++;
    else j++;
  }
}

function join(parents: Int32Array, a: number, b: number): void {
  const rootA = rootOf(parents, a);
  const rootB = rootOf(parents, b);
  if (rootA < rootB) parents[rootB] = rootA;
  else if (rootB < rootA) parents[rootA] = rootB;
}

/** The root of a run, halving the path to it on the way. */
function rootOf(parents: Int32Array, run: number): number {
  let at = run;
  while (parents[at] !== at) {
    parents[at] = parents[parents[at]!]!;
    at = parents[at]!;
  }
  return at;
}

/** Replaces parents by the number of their set. A root comes before its runs, so its number is known by then. */
function numberSets(parents: Int32Array, count: number): number {
  let sets = 0;
  for (let i = 0; i < count; i++) {
    const parent = parents[i]!;
    parents[i] = parent === i ? ++sets : parents[parent]!;
  }
  return sets;
}

function grown(array: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}
