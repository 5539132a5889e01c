import type { VoxelArray } from '@seg/core';
import { confusionCounts, type OverlapOptions } from './confusion-counts.ts';
import { ratio } from './ratio.ts';

/**
 * Volume similarity 1 - | |P| - |G| | / (|P| + |G|), in [0, 1] (Taha and Hanbury 2015, eq. 12), blind to position.
 *
 * Both empty: `options.empty`, here 1 by default.
 */
export function volumeSimilarity(prediction: VoxelArray, reference: VoxelArray, options: OverlapOptions = {}): number {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = confusionCounts(prediction, reference, options);
  return ratio('volumeSimilarity', 2 * tp + fp + fn - Math.abs(fp - fn), 2 * tp + fp + fn, options.empty ?? 1);
}
