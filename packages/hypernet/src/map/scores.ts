import { SegError } from '@seg/core';

/** Points of a latent map, one row a case. */
export type Points = readonly (readonly number[])[];

/** ||z||_2 of every point: distance to the origin, where L1 regularisation keeps the dominant style. */
export function latentNorm(points: Points): number[] {
  checkPoints('latentNorm', points);
  return points.map((p) => Math.hypot(...p));
}

/** Mean distance to all points, itself (0) included (HyperSORT, eq. 3). */
export function latentIsolation(points: Points): number[] {
  checkPoints('latentIsolation', points);
  return points.map((p) => points.reduce((sum, q) => sum + distance(p, q), 0) / points.length);
}

/** Distance to the component-wise median: a norm that stands a cloud that is not at the origin. */
export function distanceToMedian(points: Points): number[] {
  checkPoints('distanceToMedian', points);
  const centre = componentMedian(points);
  return points.map((p) => distance(p, centre));
}

/** Median of every component. */
export function componentMedian(points: Points): number[] {
  checkPoints('componentMedian', points);
  return points[0]!.map((_, i) => {
    const sorted = points.map((p) => p[i]!).sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  });
}

/** Robust standard deviations above the median from which a score stands out. */
const OUTLIER_DEVIATIONS = 3;
/** Standard deviation of a normal distribution over its median absolute deviation. */
const MAD_TO_SD = 1.4826;

/**
 * The score above which a case stands out: median plus three robust standard deviations, 1.4826 times the median distance
 * of the scores up to the median from it. What lies above is left out: where many labels are wrong, they spread it.
 */
export function outlierLimit(scores: readonly number[]): number {
  const median = componentMedian(scores.map((v) => [v]))[0]!;
  const deviation = componentMedian(scores.filter((v) => v <= median).map((v) => [median - v]))[0]!;
  return median + OUTLIER_DEVIATIONS * MAD_TO_SD * deviation;
}

/** Euclidean distance. */
export function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((v, i) => v - b[i]!));
}

/** Refuses empty, ragged or non-finite points. */
export function checkPoints(where: string, points: Points): void {
  const size = points[0]?.length ?? 0;
  if (size > 0 && points.every((p) => p.length === size && p.every(Number.isFinite))) return;
  throw new SegError('invalid-argument', {
    where,
    problem: 'points must be non-empty rows of equally many finite numbers',
    got: points.slice(0, 3),
  });
}
