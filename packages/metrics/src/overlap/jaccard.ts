import type { VoxelArray } from '@seg/core';
import { confusionCounts, type OverlapOptions } from './confusion-counts.ts';
import { ratio } from './ratio.ts';

/**
 * Jaccard index (intersection over union) |P and G| / |P or G| of two masks, in [0, 1]; both empty: `options.empty`.
 */
export function jaccard(prediction: VoxelArray, reference: VoxelArray, options: OverlapOptions = {}): number {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = confusionCounts(prediction, reference, options);
  return ratio('jaccard', tp, tp + fp + fn, options.empty);
}
