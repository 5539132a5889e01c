import type { Triple } from '@seg/core';
import { envelopeScratch, lowerEnvelope } from './lower-envelope.ts';
import { type RowGaps, rowGaps } from './row-gaps.ts';

/** Rows looked at per voxel of the box before searching is given up for a transform of whole planes. */
const SEARCH_BUDGET = 6;

/** Columns of x transformed together, so that a cache line fetched is a cache line used. */
const BLOCK = 8;

/**
 * Exact Euclidean distance in mm from each query voxel to the nearest site; Infinity if there are no sites.
 *
 * A distance transform evaluated only where it is asked: one pass along the rows, then per query a search over the rows
 * around it, nearest first, until no row can hold anything nearer. Surfaces that lie close together need a few rows per
 * query. Where they lie far apart the search would be slow; it has a budget, and the queries that are left get full
 * transforms of the (z, y) planes that hold them. Either way the cost is linear in the box, and the memory 2 bytes a
 * voxel.
 *
 * @param sites increasing indices into a box of sizes `shape`
 * @param queries increasing indices into the same box
 */
export function nearestDistances(
  sites: Int32Array,
  queries: Int32Array,
  shape: Triple,
  spacingMm: Triple,
): Float64Array {
  const distances = new Float64Array(queries.length);
  if (sites.length === 0) return distances.fill(Number.POSITIVE_INFINITY);
  const rows = rowGaps(sites, shape);
  const squares = squaredSteps(shape, spacingMm);
  const done = searchRows(rows, queries, shape, spacingMm, squares, distances);
  if (done < queries.length) transformPlanes(rows.gaps, queries, done, shape, spacingMm, squares[2], distances);
  for (let i = 0; i < distances.length; i++) distances[i] = Math.sqrt(distances[i]!);
  return distances;
}

/** Per axis, (k * spacing)^2 for k up to the axis' length, where it becomes infinite: the mark of an empty row. */
function squaredSteps(shape: Triple, spacingMm: Triple): [Float64Array, Float64Array, Float64Array] {
  return [0, 1, 2].map((axis) => {
    const n = shape[axis as 0]!;
    const steps = new Float64Array(n + 1);
    for (let k = 0; k < n; k++) steps[k] = (k * spacingMm[axis as 0]!) ** 2;
    steps[n] = Number.POSITIVE_INFINITY;
    return steps;
  }) as [Float64Array, Float64Array, Float64Array];
}

/** Fills squared distances for as many queries as the budget allows, in order, and returns how many. */
function searchRows(
  { gaps, occupied }: RowGaps,
  queries: Int32Array,
  shape: Triple,
  spacingMm: Triple,
  [zSquares, ySquares, xSquares]: [Float64Array, Float64Array, Float64Array],
  squared: Float64Array,
): number {
  const [depth, height, width] = shape;
  const budget = SEARCH_BUDGET * gaps.length;
  const stepX = spacingMm[2];
  let looked = 0;
  let previous = -1;
  let previousRow = -1;
  for (let n = 0; n < queries.length; n++) {
    const position = queries[n]!;
    const row = Math.floor(position / width);
    const x = position - row * width;
    let best = xSquares[gaps[position]!]!;
    if (row === previousRow && best > 0) {
      // Triangle inequality from the query before; widened a little, so that the true nearest is always below it.
      const bound = Math.sqrt(squared[n - 1]!) + (position - previous) * stepX;
      best = Math.min(best, bound * bound * (1 + 1e-9));
    }
    previous = position;
    previousRow = row;
    if (best > 0) {
      const z = Math.floor(row / height);
      const y = row - z * height;
      for (let k = 0; k < depth && zSquares[k]! < best; k++) {
        const offZ = zSquares[k]!;
        for (let side = 0; side < 2; side++) {
          if (side === 1 && k === 0) break;
          const plane = side === 0 ? z - k : z + k;
          if (plane < 0 || plane >= depth) continue;
          const firstRow = plane * height;
          let at = firstRow + y;
          if (occupied[at] === 1) {
            const candidate = offZ + xSquares[gaps[at * width + x]!]!;
            if (candidate < best) best = candidate;
          }
          looked++;
          for (let j = 1; j < height; j++) {
            const off = offZ + ySquares[j]!;
            if (off >= best) break;
            looked++;
            if (y >= j) {
              at = firstRow + y - j;
              if (occupied[at] === 1) {
                const candidate = off + xSquares[gaps[at * width + x]!]!;
                if (candidate < best) best = candidate;
              }
            }
            if (y + j < height) {
              at = firstRow + y + j;
              if (occupied[at] === 1) {
                const candidate = off + xSquares[gaps[at * width + x]!]!;
                if (candidate < best) best = candidate;
              }
            }
          }
        }
      }
    }
    squared[n] = best;
    if (looked > budget) return n + 1;
  }
  return queries.length;
}

/** Squared distances for the queries from `first` on, by lower envelopes along y and z in blocks of columns. */
function transformPlanes(
  gaps: Uint16Array,
  queries: Int32Array,
  first: number,
  shape: Triple,
  spacingMm: Triple,
  xSquares: Float64Array,
  squared: Float64Array,
): void {
  const [depth, height, width] = shape;
  const plane = depth * height;
  const byColumn = sortByColumn(queries, first, width);
  const block = new Float64Array(BLOCK * plane);
  const scratch = envelopeScratch(Math.max(depth, height));
  const ready = new Uint8Array(height);
  for (let low = 0; low < width; low += BLOCK) {
    const columns = Math.min(BLOCK, width - low);
    if (byColumn.starts[low] === byColumn.starts[low + columns]) continue;
    for (let row = 0; row < plane; row++) {
      for (let b = 0; b < columns; b++) block[b * plane + row] = xSquares[gaps[row * width + low + b]!]!;
    }
    for (let b = 0; b < columns; b++) {
      const from = byColumn.starts[low + b]!;
      const to = byColumn.starts[low + b + 1]!;
      if (from === to) continue;
      for (let z = 0; z < depth; z++) {
        lowerEnvelope(block, b * plane + z * height, 1, height, spacingMm[1] ** 2, scratch);
      }
      ready.fill(0);
      for (let i = from; i < to; i++) {
        const n = byColumn.order[i]!;
        const row = Math.floor(queries[n]! / width);
        const y = row % height;
        if (ready[y] === 0) lowerEnvelope(block, b * plane + y, height, depth, spacingMm[0] ** 2, scratch);
        ready[y] = 1;
        squared[n] = block[b * plane + row]!;
      }
    }
  }
}

/** Counting sort of the queries from `first` on by their x. */
function sortByColumn(queries: Int32Array, first: number, width: number): { starts: Int32Array; order: Int32Array } {
  const starts = new Int32Array(width + 1);
  for (let n = first; n < queries.length; n++) starts[(queries[n]! % width) + 1]!++;
  for (let x = 0; x < width; x++) starts[x + 1]! += starts[x]!;
  const next = starts.slice();
  const order = new Int32Array(queries.length - first);
  for (let n = first; n < queries.length; n++) order[next[queries[n]! % width]!++] = n;
  return { starts, order };
}
