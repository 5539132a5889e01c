import { SegError } from '@seg/core';

/**
 * Mean silhouette of clustered points with Euclidean distances, in [-1, 1] (Rousseeuw 1987); O(n^2).
 *
 * The silhouette of a point is (b - a) / max(a, b): a its mean distance to its own cluster, b to the nearest other one;
 * 0 for a cluster of one.
 *
 * @param points [n, dimensions], row by row
 * @param labels the cluster of each point
 *
 * @throws SegError `shape-mismatch` if points and labels disagree, `invalid-argument` unless there are 2 to n - 1
 * clusters.
 */
export function silhouetteScore(points: ArrayLike<number>, labels: ArrayLike<number | string>): number {
  const where = 'silhouetteScore';
  const n = labels.length;
  const dimensions = points.length / n;
  if (!Number.isInteger(dimensions) || dimensions < 1) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the points are not as many as the labels',
      got: { numbers: points.length, labels: n },
    });
  }
  const names = [...new Set(Array.from(labels))];
  if (names.length < 2 || names.length >= n) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'there must be 2 to n - 1 clusters',
      got: names.length,
    });
  }
  const clusters = Int32Array.from(Array.from(labels, (label) => names.indexOf(label)));
  const sizes = new Int32Array(names.length);
  for (const cluster of clusters) sizes[cluster]!++;
  let total = 0;
  const sums = new Float64Array(names.length);
  for (let i = 0; i < n; i++) {
    sums.fill(0);
    for (let j = 0; j < n; j++) {
      let squared = 0;
      for (let d = 0; d < dimensions; d++) squared += (points[i * dimensions + d]! - points[j * dimensions + d]!) ** 2;
      sums[clusters[j]!]! += Math.sqrt(squared);
    }
    total += silhouette(sums, sizes, clusters[i]!);
  }
  return total / n;
}

function silhouette(sums: Float64Array, sizes: Int32Array, own: number): number {
  if (sizes[own] === 1) return 0;
  const inside = sums[own]! / (sizes[own]! - 1);
  let nearest = Number.POSITIVE_INFINITY;
  for (let c = 0; c < sums.length; c++) if (c !== own) nearest = Math.min(nearest, sums[c]! / sizes[c]!);
  const larger = Math.max(inside, nearest);
  return larger === 0 ? 0 : (nearest - inside) / larger;
}
