import { checkOption, SegError } from '@seg/core';

/** The alternative hypothesis about the differences a - b. */
export type Alternative = 'two-sided' | 'greater' | 'less';

/** Options of the paired tests. */
export interface PairedTestOptions {
  /** `two-sided` (default), or that a is `greater` or `less` than b. */
  readonly alternative?: Alternative;
}

/** The differences a - b of the pairs in which both are finite. */
export function pairedDifferences(
  where: string,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  alternative: Alternative = 'two-sided',
): number[] {
  checkOption(where, 'alternative', alternative, ['two-sided', 'greater', 'less']);
  checkPaired(where, a, b);
  const differences: number[] = [];
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    if (Number.isFinite(difference)) differences.push(difference);
  }
  return differences;
}

/** Throws `shape-mismatch` for lists that differ in length. */
export function checkPaired(where: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length === b.length) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: 'paired values must be equally many',
    got: [a.length, b.length],
  });
}

/** The p value of a statistic that is symmetric about 0, from its upper tail. */
export function pValueOf(statistic: number, alternative: Alternative, upperTail: (t: number) => number): number {
  if (alternative === 'greater') return upperTail(statistic);
  if (alternative === 'less') return upperTail(-statistic);
  return Math.min(1, 2 * upperTail(Math.abs(statistic)));
}
