import type { Triple } from '@seg/core';
import type { AxesMm } from '../grid.ts';

/** Sites of a part of space below which they are looked at one by one. */
const LEAF = 8;

/**
 * `nearestDistances` on a grid whose axes are not at right angles, where no transform by axes exists: exact, by a k-d tree
 * (Bentley 1975) over the sites' places in space.
 *
 * @param sites increasing indices into a box of sizes `shape`
 * @param queries increasing indices into the same box
 * @param axesMm steps along z, y and x.
 */
export function nearestDistancesOblique(
  sites: Int32Array,
  queries: Int32Array,
  shape: Triple,
  axesMm: AxesMm,
): Float64Array {
  const distances = new Float64Array(queries.length);
  if (sites.length === 0) return distances.fill(Number.POSITIVE_INFINITY);
  const places = placesOf(sites, shape, axesMm);
  sortAsTree(places, 0, sites.length, 0);
  const asked = placesOf(queries, shape, axesMm);
  for (let n = 0; n < queries.length; n++) {
    distances[n] = Math.sqrt(nearestSquare(places, asked, 3 * n));
  }
  return distances;
}

/** World x, y, z of voxels, in turns. */
function placesOf(voxels: Int32Array, [, height, width]: Triple, [stepZ, stepY, stepX]: AxesMm): Float64Array {
  const places = new Float64Array(3 * voxels.length);
  for (let n = 0; n < voxels.length; n++) {
    const row = Math.floor(voxels[n]! / width);
    const x = voxels[n]! - row * width;
    const z = Math.floor(row / height);
    const y = row - z * height;
    for (let k = 0; k < 3; k++) places[3 * n + k] = z * stepZ[k as 0]! + y * stepY[k as 0]! + x * stepX[k as 0]!;
  }
  return places;
}

/** Orders points so that of every part the middle one halves it along the axis of its depth. */
function sortAsTree(points: Float64Array, from: number, to: number, axis: number): void {
  if (to - from <= LEAF) return;
  const middle = (from + to) >> 1;
  select(points, from, to - 1, middle, axis);
  sortAsTree(points, from, middle, (axis + 1) % 3);
  sortAsTree(points, middle + 1, to, (axis + 1) % 3);
}

/** Hoare's selection: smaller coordinates before place k, larger ones behind it. */
function select(points: Float64Array, low: number, high: number, k: number, axis: number): void {
  while (low < high) {
    const pivot = points[3 * ((low + high) >> 1) + axis]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (points[3 * i + axis]! < pivot) i++;
      while (points[3 * j + axis]! > pivot) j--;
      if (i > j) break;
      for (let c = 0; c < 3; c++) {
        const kept = points[3 * i + c]!;
        points[3 * i + c] = points[3 * j + c]!;
        points[3 * j + c] = kept;
      }
      i++;
      j--;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else return;
  }
}

/** Squared distance from the point at `at` to the nearest of the tree. */
function nearestSquare(tree: Float64Array, asked: Float64Array, at: number): number {
  const [px, py, pz] = [asked[at]!, asked[at + 1]!, asked[at + 2]!];
  const squareTo = (i: number) =>
    (tree[3 * i]! - px) ** 2 + (tree[3 * i + 1]! - py) ** 2 + (tree[3 * i + 2]! - pz) ** 2;
  let best = Number.POSITIVE_INFINITY;
  const search = (from: number, to: number, axis: number): void => {
    if (to - from <= LEAF) {
      for (let i = from; i < to; i++) best = Math.min(best, squareTo(i));
      return;
    }
    const middle = (from + to) >> 1;
    best = Math.min(best, squareTo(middle));
    const offset = asked[at + axis]! - tree[3 * middle + axis]!;
    const next = (axis + 1) % 3;
    if (offset <= 0) search(from, middle, next);
    else search(middle + 1, to, next);
    if (offset * offset >= best) return;
    if (offset <= 0) search(middle + 1, to, next);
    else search(from, middle, next);
  };
  search(0, tree.length / 3, 0);
  return best;
}
