import { SegError } from '@seg/core';
import { averageRanks } from './average-ranks.ts';

/**
 * Area under the ROC curve: the probability that a positive scores higher than a negative, ties counting half.
 *
 * No positives or no negatives: NaN. Pairs with a NaN score are left out.
 *
 * @param labels 1 for positive, 0 for negative
 *
 * @example
 * auroc([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1]); // 0.875
 *
 * @throws SegError `shape-mismatch` if the lists differ in length.
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number | boolean>): number {
  if (scores.length !== labels.length) {
    throw new SegError('shape-mismatch', {
      where: 'auroc',
      problem: 'scores and labels differ in length',
      got: [scores.length, labels.length],
    });
  }
  const ranks = averageRanks(scores);
  let positives = 0;
  let negatives = 0;
  let sum = 0;
  for (let i = 0; i < ranks.length; i++) {
    if (Number.isNaN(ranks[i]!)) continue;
    if (labels[i]) {
      positives++;
      sum += ranks[i]!;
    } else negatives++;
  }
  if (positives === 0 || negatives === 0) return Number.NaN;
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
