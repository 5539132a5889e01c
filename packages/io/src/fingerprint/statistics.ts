import type { IntensityStatistics } from './fingerprint-types.ts';

/** Percentile by linear interpolation between order statistics (NumPy's default); the values must be sorted. */
export function percentileOfSorted(sorted: ArrayLike<number>, percent: number): number {
  const position = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(position);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

/** The median; of an even number of values the mean of the middle two. NaN where there are none. */
export function median(values: readonly number[]): number {
  return values.length === 0
    ? Number.NaN
    : percentileOfSorted(
        values.toSorted((a, b) => a - b),
        50,
      );
}

/** Statistics of a sample of intensities (sorted in place); undefined where it is empty. */
export function intensityStatistics(values: Float32Array): IntensityStatistics | undefined {
  if (values.length === 0) return undefined;
  values.sort();
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return {
    mean,
    standardDeviation: Math.sqrt(squares / values.length),
    median: percentileOfSorted(values, 50),
    percentile00_5: percentileOfSorted(values, 0.5),
    percentile99_5: percentileOfSorted(values, 99.5),
    min: values[0]!,
    max: values[values.length - 1]!,
    samples: values.length,
  };
}
