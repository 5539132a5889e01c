import { SegError } from '@seg/core';

/**
 * The simplest predictor of a wrong label: |ln(volume / median volume)|. What a method adds must be measured beside it.
 *
 * Empty labels are the most suspect: infinity.
 *
 * @param volumes of the labels, in any unit
 * @throws SegError `invalid-argument` for negative volumes or when all are 0.
 */
export function volumeScore(volumes: readonly number[]): number[] {
  const positive = volumes.filter((v) => v > 0).sort((a, b) => a - b);
  if (positive.length === 0 || !volumes.every((v) => v >= 0 && Number.isFinite(v))) {
    throw new SegError('invalid-argument', {
      where: 'volumeScore',
      problem: 'volumes must be at least 0, and one of them positive',
      got: volumes.slice(0, 8),
    });
  }
  const middle = positive.length >> 1;
  const median = positive.length % 2 === 1 ? positive[middle]! : (positive[middle - 1]! + positive[middle]!) / 2;
  return volumes.map((v) => Math.abs(Math.log(v / median)));
}
