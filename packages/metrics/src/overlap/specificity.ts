import type { VoxelArray } from '@seg/core';
import { confusionCounts, type OverlapOptions } from './confusion-counts.ts';
import { ratio } from './ratio.ts';

/**
 * Share of the background that was left alone, TN / (TN + FP); no background: `options.empty`.
 */
export function specificity(prediction: VoxelArray, reference: VoxelArray, options: OverlapOptions = {}): number {
  const { trueNegatives: tn, falsePositives: fp } = confusionCounts(prediction, reference, options);
  return ratio('specificity', tn, tn + fp, options.empty);
}
