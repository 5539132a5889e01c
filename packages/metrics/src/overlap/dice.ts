import type { VoxelArray } from '@seg/core';
import { confusionCounts, type OverlapOptions } from './confusion-counts.ts';
import { ratio } from './ratio.ts';

/**
 * Dice coefficient 2|P and G| / (|P| + |G|) of two masks, in [0, 1]; both empty: `options.empty`.
 *
 * @example
 * dice(new Uint8Array([0, 1, 1]), new Uint8Array([0, 0, 1])); // 2/3
 *
 * @throws SegError `shape-mismatch` if the sizes differ, `invalid-argument` for NaN voxels.
 */
export function dice(prediction: VoxelArray, reference: VoxelArray, options: OverlapOptions = {}): number {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = confusionCounts(prediction, reference, options);
  return ratio('dice', 2 * tp, 2 * tp + fp + fn, options.empty);
}
