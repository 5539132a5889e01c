import type { VoxelArray } from '@seg/core';
import { confusionCounts, type OverlapOptions } from './confusion-counts.ts';
import { ratio } from './ratio.ts';

/**
 * Relative volume difference (|P| - |G|) / |G|: positive where the prediction is too large (`ravd` of MedPy).
 *
 * Reference empty: NaN if the prediction is empty as well (or `options.empty`), else Infinity.
 */
export function relativeVolumeDifference(
  prediction: VoxelArray,
  reference: VoxelArray,
  options: OverlapOptions = {},
): number {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = confusionCounts(prediction, reference, options);
  return ratio('relativeVolumeDifference', fp - fn, tp + fn, options.empty);
}
