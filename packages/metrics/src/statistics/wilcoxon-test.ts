import { averageRanks, tieSizes } from '../ranks/average-ranks.ts';
import { type Alternative, type PairedTestOptions, pairedDifferences, pValueOf } from './paired.ts';
import { normalUpperTail } from './special.ts';

/** Most pairs for which the exact distribution is used, as in SciPy: without and with ties and zeros. */
const EXACT_LIMIT = 50;
const EXACT_LIMIT_TIED = 13;

/** Result of `wilcoxonTest`. */
export interface WilcoxonTest {
  /** Sum of the ranks of positive differences. */
  readonly positiveRanks: number;
  /** Sum of the ranks of negative differences. */
  readonly negativeRanks: number;
  readonly pValue: number;
  /** `exact` up to 50 pairs, or 13 with ties or zeros; else `normal` (with tie correction, without continuity's). */
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
  const plain = n === all.length && ties.length === n;
  const exact = all.length <= (plain ? EXACT_LIMIT : EXACT_LIMIT_TIED);
  const pValue =
    n === 0
      ? Number.NaN
      : exact
        ? exactP(positiveRanks, ranks, alternative)
        : normalP(positiveRanks, n, ties, alternative);
  return { positiveRanks, negativeRanks, pValue, method: exact ? 'exact' : 'normal', n };
}

/** p from the number of subsets of the ranks with each sum; ranks are counted in halves, which ties make. */
function exactP(statistic: number, ranks: ArrayLike<number>, alternative: Alternative): number {
  const halves = Array.from(ranks, (rank) => Math.round(2 * rank));
  const top = halves.reduce((sum, half) => sum + half, 0);
  const ways = new Float64Array(top + 1);
  ways[0] = 1;
  for (const half of halves) for (let sum = top; sum >= half; sum--) ways[sum]! += ways[sum - half]!;
  const total = 2 ** halves.length;
  const observed = Math.round(2 * statistic);
  let below = 0;
  for (let sum = 0; sum <= observed; sum++) below += ways[sum]!;
  let above = 0;
  for (let sum = top; sum >= observed; sum--) above += ways[sum]!;
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
