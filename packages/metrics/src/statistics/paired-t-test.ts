import { type PairedTestOptions, pairedDifferences, pValueOf } from './paired.ts';
import { studentUpperTail } from './special.ts';

/** Result of `pairedTTest`. */
export interface PairedTTest {
  readonly meanDifference: number;
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  /** Pairs used: those in which both values are finite. */
  readonly n: number;
}

/**
 * Student's t test of paired values (as SciPy's `ttest_rel`).
 *
 * Fewer than two pairs, or all differences 0: NaN. All differences alike but not 0: an infinite statistic, p = 0 or 1.
 *
 * @throws SegError `shape-mismatch` if the lists differ in length, `unknown-option` for an unknown alternative.
 */
export function pairedTTest(a: ArrayLike<number>, b: ArrayLike<number>, options: PairedTestOptions = {}): PairedTTest {
  const { alternative = 'two-sided' } = options;
  const differences = pairedDifferences('pairedTTest', a, b, alternative);
  const n = differences.length;
  const meanDifference = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - meanDifference) ** 2, 0) / (n - 1);
  const statistic = meanDifference / Math.sqrt(variance / n);
  const pValue = pValueOf(statistic, alternative, (t) => studentUpperTail(t, n - 1));
  return { meanDifference, statistic, degreesOfFreedom: n - 1, pValue, n };
}
