import { SegError } from '@seg/core';
import type { OverlapOptions } from './confusion-counts.ts';

/** numerator / denominator, with 0/0 as the options say. */
export function ratio(
  where: string,
  numerator: number,
  denominator: number,
  empty: OverlapOptions['empty'] = 'nan',
): number {
  if (empty !== 'nan' && empty !== 0 && empty !== 1) {
    throw new SegError('unknown-option', {
      where,
      problem: 'unknown value for empty masks',
      got: empty,
      expected: "'nan' | 0 | 1",
    });
  }
  if (denominator !== 0 || numerator !== 0) return numerator / denominator;
  return empty === 'nan' ? Number.NaN : empty;
}
