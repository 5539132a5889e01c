import { checkOption, SegError } from '@seg/core';
import { studentUpperTail } from '../statistics/special.ts';
import { averageRanks, tieSizes } from './average-ranks.ts';

/** Options of the rank correlations. */
export interface RankCorrelationOptions {
  /**
   * Pairs with an infinite value: `drop` (default), or rank them `last` (and -Infinity first), which is only right if
   * infinite means worst for both measures. Pairs with NaN are always dropped.
   */
  readonly infinite?: 'drop' | 'last';
}

/** A rank correlation. */
export interface RankCorrelation {
  /** In [-1, 1]; NaN if either list is constant or fewer than two pairs are left. */
  readonly coefficient: number;
  /** Pairs used. */
  readonly n: number;
}

/** Spearman's rank correlation with its p value. */
export interface SpearmanCorrelation extends RankCorrelation {
  /** Two-sided, by the t distribution with n - 2 degrees of freedom. */
  readonly pValue: number;
}

/**
 * Spearman's rank correlation: Pearson's of average ranks, which is right with ties (unlike the formula with squared
 * rank differences).
 *
 * @throws SegError `shape-mismatch` if the lists differ in length.
 */
export function spearman(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: RankCorrelationOptions = {},
): SpearmanCorrelation {
  const pairs = usablePairs('spearman', x, y, options);
  const n = pairs.x.length;
  const coefficient = pearson(averageRanks(pairs.x), averageRanks(pairs.y));
  const t = coefficient * Math.sqrt((n - 2) / Math.max(0, (1 + coefficient) * (1 - coefficient)));
  const pValue = Number.isNaN(coefficient) || n < 3 ? Number.NaN : 2 * studentUpperTail(Math.abs(t), n - 2);
  return { coefficient, n, pValue };
}

/**
 * Kendall's rank correlation tau-b: agreeing minus disagreeing pairs, corrected for ties. O(n^2), meant for cases.
 *
 * @throws SegError `shape-mismatch` if the lists differ in length.
 */
export function kendall(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: RankCorrelationOptions = {},
): RankCorrelation {
  const pairs = usablePairs('kendall', x, y, options);
  // Ranks instead of values, so that infinite ones can be told apart.
  const [a, b] = [averageRanks(pairs.x), averageRanks(pairs.y)];
  const n = a.length;
  let score = 0;
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) score += Math.sign(a[i]! - a[j]!) * Math.sign(b[i]! - b[j]!);
  }
  const all = (n * (n - 1)) / 2;
  const untied = (ranks: Float64Array): number =>
    tieSizes(ranks).reduce((sum, size) => sum - (size * (size - 1)) / 2, all);
  return { coefficient: score / Math.sqrt(untied(a) * untied(b)), n };
}

function usablePairs(
  where: string,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: RankCorrelationOptions,
): { x: number[]; y: number[] } {
  const { infinite = 'drop' } = options;
  checkOption(where, 'infinite', infinite, ['drop', 'last']);
  if (x.length !== y.length) {
    throw new SegError('shape-mismatch', { where, problem: 'the lists differ in length', got: [x.length, y.length] });
  }
  const usable = infinite === 'drop' ? Number.isFinite : (value: number) => !Number.isNaN(value);
  const pairs: { x: number[]; y: number[] } = { x: [], y: [] };
  for (let i = 0; i < x.length; i++) {
    if (!usable(x[i]!) || !usable(y[i]!)) continue;
    pairs.x.push(x[i]!);
    pairs.y.push(y[i]!);
  }
  return pairs;
}

function pearson(a: Float64Array, b: Float64Array): number {
  const mean = (a.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [a[i]! - mean, b[i]! - mean];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa === 0 || bb === 0 ? Number.NaN : ab / Math.sqrt(aa * bb);
}
