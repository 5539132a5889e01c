import { SegError } from '@seg/core';
import { DBSCAN } from 'density-clustering';
import { kmeans } from 'ml-kmeans';
import { checkPoints, distance, type Points } from './scores.ts';

/** Clusters of a latent map; noise points (DBSCAN) have cluster -1. */
export interface Clustering {
  /** Cluster of every point, numbered from 0 in order of size, largest first. */
  readonly clusters: readonly number[];
  /** Mean point of every cluster. */
  readonly centroids: readonly (readonly number[])[];
}

/**
 * k-means with k-means++ starts; the best of `restarts` (default 20) by the sum of squared distances. Deterministic for
 * a seed, which is any safe integer. (The paper chose its clusters by eye.)
 *
 * @throws SegError `invalid-argument` when k is not in [1, number of points], or the seed or `restarts` is no such number.
 */
export function kMeansClusters(
  points: Points,
  k: number,
  options: { readonly seed?: number; readonly restarts?: number } = {},
): Clustering {
  checkPoints('kMeansClusters', points);
  const { seed = 0, restarts = 20 } = options;
  if (!Number.isInteger(k) || k < 1 || k > points.length) {
    throw new SegError('invalid-argument', {
      where: 'kMeansClusters',
      problem: 'k must be an integer from 1 to the number of points',
      got: k,
      expected: `1 to ${points.length}`,
    });
  }
  checkSeed('kMeansClusters', seed);
  if (!Number.isInteger(restarts) || restarts < 1) {
    throw new SegError('invalid-argument', {
      where: 'kMeansClusters',
      problem: 'restarts must be a positive integer',
      got: restarts,
    });
  }
  if (k === points.length)
    return renumber(
      points,
      points.map((_, i) => i),
    );
  let best: { clusters: number[]; cost: number } | undefined;
  for (let restart = 0; restart < restarts; restart++) {
    const data = points.map((p) => [...p]);
    const { clusters, centroids } = kmeans(data, k, { seed: seed + restart, initialization: 'kmeans++' });
    const cost = points.reduce((sum, p, i) => sum + distance(p, centroids[clusters[i]!]!) ** 2, 0);
    if (best === undefined || cost < best.cost) best = { clusters, cost };
  }
  return renumber(points, best!.clusters);
}

/**
 * DBSCAN: clusters are what is connected through points with at least `minPoints` (default 4) points, themselves
 * included, nearer than `radius`; default radius: the median distance to the `minPoints`-th neighbour, times 1.5.
 */
export function densityClusters(
  points: Points,
  options: { readonly radius?: number; readonly minPoints?: number } = {},
): Clustering {
  checkPoints('densityClusters', points);
  const { minPoints = 4 } = options;
  if (!(options.radius === undefined || options.radius > 0) || !Number.isInteger(minPoints) || minPoints < 1) {
    throw new SegError('invalid-argument', {
      where: 'densityClusters',
      problem: 'the radius must be positive and minPoints a positive integer',
      got: options,
    });
  }
  const radius = options.radius ?? defaultRadius(points, minPoints);
  const groups = new DBSCAN().run(
    points.map((p) => [...p]),
    radius,
    minPoints,
  );
  const clusters = points.map(() => -1);
  groups.forEach((group, cluster) => {
    for (const i of group) clusters[i] = cluster;
  });
  return renumber(points, clusters);
}

/** Refuses what is no safe integer. */
export function checkSeed(where: string, seed: number): void {
  if (Number.isSafeInteger(seed)) return;
  throw new SegError('invalid-argument', {
    where,
    problem: 'the seed must be a safe integer',
    got: seed,
    expected: 'a safe integer, such as 0',
  });
}

function defaultRadius(points: Points, minPoints: number): number {
  const reach = points.map((p) => {
    const sorted = points.map((q) => distance(p, q)).sort((a, b) => a - b);
    return sorted[Math.min(minPoints, sorted.length - 1)]!;
  });
  reach.sort((a, b) => a - b);
  return 1.5 * reach[reach.length >> 1]! || Number.MIN_VALUE;
}

function renumber(points: Points, clusters: readonly number[]): Clustering {
  const members = new Map<number, number[]>();
  clusters.forEach((c, i) => {
    if (c < 0) return;
    const list = members.get(c);
    if (list === undefined) members.set(c, [i]);
    else list.push(i);
  });
  const ordered = [...members.values()].sort((a, b) => b.length - a.length || a[0]! - b[0]!);
  const numbers = points.map(() => -1);
  ordered.forEach((list, cluster) => {
    for (const i of list) numbers[i] = cluster;
  });
  const centroids = ordered.map((list) =>
    points[0]!.map((_, d) => list.reduce((sum, i) => sum + points[i]![d]!, 0) / list.length),
  );
  return { clusters: numbers, centroids };
}
