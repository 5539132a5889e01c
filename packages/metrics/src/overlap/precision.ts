import type { VoxelArray } from '@seg/core';
import { confusionCounts, type OverlapOptions } from './confusion-counts.ts';
import { ratio } from './ratio.ts';

/**
 * Share of the prediction that is right, TP / (TP + FP); prediction empty: `options.empty`.
 */
export function precision(prediction: VoxelArray, reference: VoxelArray, options: OverlapOptions = {}): number {
  const { truePositives: tp, falsePositives: fp } = confusionCounts(prediction, reference, options);
  return ratio('precision', tp, tp + fp, options.empty);
}
