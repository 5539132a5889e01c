import { type PairedTestOptions, pairedDifferences } from './paired.ts';
import { logGamma } from './special.ts';

/** Result of `signTest`. */
export interface SignTest {
  readonly positive: number;
  readonly negative: number;
  readonly pValue: number;
  /** Pairs used: both values finite and different. */
  readonly n: number;
}

/**
 * Sign test of paired values: the exact binomial test of as many positive as negative differences. No pairs: p = NaN.
 *
 * @throws SegError `shape-mismatch` if the lists differ in length, `unknown-option` for an unknown alternative.
 */
export function signTest(a: ArrayLike<number>, b: ArrayLike<number>, options: PairedTestOptions = {}): SignTest {
  const { alternative = 'two-sided' } = options;
  const differences = pairedDifferences('signTest', a, b, alternative);
  const positive = differences.filter((d) => d > 0).length;
  const negative = differences.filter((d) => d < 0).length;
  const n = positive + negative;
  const pValue =
    n === 0
      ? Number.NaN
      : alternative === 'greater'
        ? atLeast(positive, n)
        : alternative === 'less'
          ? atLeast(negative, n)
          : Math.min(1, 2 * atLeast(Math.max(positive, negative), n));
  return { positive, negative, pValue, n };
}

/** P(X >= k) for n fair coins. */
function atLeast(k: number, n: number): number {
  let sum = 0;
  // Smallest terms first.
  for (let i = n; i >= k; i--) {
    sum += Math.exp(logGamma(n + 1) - logGamma(i + 1) - logGamma(n - i + 1) - n * Math.LN2);
  }
  return Math.min(1, sum);
}
