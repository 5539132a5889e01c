import { averageRanks, tieSizes } from '../ranks/average-ranks.ts';
import { type Alternative, type PairedTestOptions, pairedDifferences, pValueOf } from './paired.ts';
import { normalUpperTail } from './special.ts';

/** Most pairs for which the exact distribution is used. */
const EXACT_LIMIT = 50;

/** Result of `wilcoxonTest`. */
export interface WilcoxonTest {
  /** Sum of the ranks of positive differences. */
  readonly positiveRanks: number;
  /** Sum of the ranks of negative differences. */
  readonly negativeRanks: number;
  readonly pValue: number;
  /** `exact` up to 50 pairs without ties and zeros, else `normal` (with tie correction, without continuity's). */
  readonly method: 'exact' | 'normal';
  /** Pairs used: both values finite and different. */
  readonly n: number;
}

/**
 * Wilcoxon's signed-rank test of paired values; pairs without a difference are left out (as SciPy's `wilcoxon` with its
 * defaults). No pairs left: p = NaN.
 *
 * @throws SegError `shape-mismatch` if the lists differ in length, `unknown-option` for an unknown alternative.
 */
export function wilcoxonTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: PairedTestOptions = {},
): WilcoxonTest {
  const { alternative = 'two-sided' } = options;
  const all = pairedDifferences('wilcoxonTest', a, b, alternative);
  const differences = all.filter((d) => d !== 0);
  const n = differences.length;
  const sizes = differences.map(Math.abs);
  const ranks = averageRanks(sizes);
  let positiveRanks = 0;
  let negativeRanks = 0;
  differences.forEach((d, i) => {
    if (d > 0) positiveRanks += ranks[i]!;
    else negativeRanks += ranks[i]!;
  });
  const ties = tieSizes(sizes);
  const exact = n <= EXACT_LIMIT && n === all.length && ties.length === n;
  const pValue =
    n === 0 ? Number.NaN : exact ? exactP(positiveRanks, n, alternative) : normalP(positiveRanks, n, ties, alternative);
  return { positiveRanks, negativeRanks, pValue, method: exact ? 'exact' : 'normal', n };
}

/** p from the number of subsets of the ranks 1..n with each sum. */
function exactP(statistic: number, n: number, alternative: Alternative): number {
  const top = (n * (n + 1)) / 2;
  const ways = new Float64Array(top + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= n; rank++) for (let sum = top; sum >= rank; sum--) ways[sum]! += ways[sum - rank]!;
  const total = 2 ** n;
  let below = 0;
  for (let sum = 0; sum <= statistic; sum++) below += ways[sum]!;
  let above = 0;
  for (let sum = top; sum >= statistic; sum--) above += ways[sum]!;
  if (alternative === 'greater') return above / total;
  if (alternative === 'less') return below / total;
  return Math.min(1, (2 * Math.min(below, above)) / total);
}

function normalP(statistic: number, n: number, ties: readonly number[], alternative: Alternative): number {
  const mean = (n * (n + 1)) / 4;
  const tied = ties.reduce((sum, t) => sum + t ** 3 - t, 0);
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - tied / 48;
  return pValueOf((statistic - mean) / Math.sqrt(variance), alternative, normalUpperTail);
}
