import { type Rng, SegError } from '@seg/core';
import { quantile } from '../numeric/quantile.ts';
import { checkPaired } from './paired.ts';

/** Options of the bootstraps. */
export interface BootstrapOptions {
  /** Where the resamples come from. */
  readonly rng: Rng;
  /** Default 10 000. */
  readonly resamples?: number;
  /** Coverage of the interval; default 0.95. */
  readonly confidence?: number;
  /**
   * A name for each value, such as the patient: values of one name are drawn together (cluster bootstrap; Davison and
   * Hinkley 1997, section 3.8), because scans of one patient are no independent cases. Default: each value alone.
   */
  readonly groups?: readonly string[];
}

/** A mean with its bootstrap distribution's summary. */
export interface BootstrapMean {
  readonly mean: number;
  /** Percentile interval. */
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
  /** Values used: the finite ones. */
  readonly n: number;
}

/**
 * Percentile bootstrap interval of a mean over cases (Efron 1979). Values that are not finite are left out; none: NaN.
 *
 * @throws SegError `invalid-argument` for a confidence outside (0, 1) or a number of resamples below 1, `shape-mismatch`
 * unless there is a group for each value.
 */
export function bootstrapMean(values: ArrayLike<number>, options: BootstrapOptions): BootstrapMean {
  const all = Float64Array.from(values);
  return summarise(all.filter(Number.isFinite), resampledMeans('bootstrapMean', all, options), options);
}

/** Result of `pairedBootstrap`. */
export interface PairedBootstrap extends BootstrapMean {
  /** Twice the smaller share of resampled mean differences on either side of 0, at least 2 / (resamples + 1). */
  readonly pValue: number;
}

/**
 * Bootstrap of the mean difference a - b over paired cases, which are drawn together.
 *
 * @throws SegError as `bootstrapMean`, and `shape-mismatch` if the lists differ in length.
 */
export function pairedBootstrap(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions,
): PairedBootstrap {
  const where = 'pairedBootstrap';
  checkPaired(where, a, b);
  const all = Float64Array.from(a, (value, i) => value - b[i]!);
  const differences = all.filter(Number.isFinite);
  const means = resampledMeans(where, all, options);
  let below = 1;
  let above = 1;
  for (const mean of means) {
    if (mean <= 0) below++;
    if (mean >= 0) above++;
  }
  const pValue = differences.length === 0 ? Number.NaN : Math.min(1, (2 * Math.min(below, above)) / (means.length + 1));
  return { ...summarise(differences, means, options), pValue };
}

/** Means of resamples of the finite values. */
function resampledMeans(where: string, values: Float64Array, options: BootstrapOptions): Float64Array {
  const { rng, resamples = 10_000, confidence = 0.95, groups = Array.from(values, (_, i) => `${i}`) } = options;
  if (!Number.isInteger(resamples) || resamples < 1 || !(confidence > 0 && confidence < 1)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'resamples must be an integer from 1 on, and the confidence in (0, 1)',
      got: { resamples, confidence },
    });
  }
  if (groups.length !== values.length) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'needs a group for each value',
      got: groups.length,
      expected: values.length,
    });
  }
  const byName = new Map<string, { sum: number; count: number }>();
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) continue;
    const { sum, count } = byName.get(groups[i]!) ?? { sum: 0, count: 0 };
    byName.set(groups[i]!, { sum: sum + value, count: count + 1 });
  }
  const drawable = [...byName.values()];
  const means = new Float64Array(resamples).fill(Number.NaN);
  if (drawable.length === 0) return means;
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < drawable.length; i++) {
      const drawn = drawable[rng.integer(drawable.length)]!;
      sum += drawn.sum;
      count += drawn.count;
    }
    means[r] = sum / count;
  }
  return means;
}

function summarise(values: Float64Array, means: Float64Array, options: BootstrapOptions): BootstrapMean {
  const tail = (1 - (options.confidence ?? 0.95)) / 2;
  const centre = means.reduce((sum, mean) => sum + mean, 0) / means.length;
  const spread = means.reduce((sum, mean) => sum + (mean - centre) ** 2, 0) / (means.length - 1);
  const none = values.length === 0;
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    low: none ? Number.NaN : quantile(means, tail),
    high: none ? Number.NaN : quantile(means, 1 - tail),
    standardError: Math.sqrt(spread),
    n: values.length,
  };
}
