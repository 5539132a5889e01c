import type { VoxelArray } from '@seg/core';
import { confusionCounts, type OverlapOptions } from './confusion-counts.ts';
import { ratio } from './ratio.ts';

/**
 * Share of the reference that the prediction found, TP / (TP + FN) (recall); reference empty: `options.empty`.
 */
export function sensitivity(prediction: VoxelArray, reference: VoxelArray, options: OverlapOptions = {}): number {
  const { truePositives: tp, falseNegatives: fn } = confusionCounts(prediction, reference, options);
  return ratio('sensitivity', tp, tp + fn, options.empty);
}
