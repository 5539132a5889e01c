import type { VoxelArray } from '@seg/core';
import { checkPair } from '../grid.ts';
import { type LabelValues, markMembers, membershipOf } from '../membership.ts';

/** How the voxels of two masks agree. */
export interface ConfusionCounts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** Which voxels count as the object, and what 0/0 is. */
export interface OverlapOptions {
  /** Label or labels that make up the object; default: every value but 0. */
  readonly label?: LabelValues;
  /** The value of 0/0, as when both masks are empty; default NaN, to be left out of means and counted. */
  readonly empty?: 'nan' | 0 | 1;
}

const BLOCK = 4096;

/**
 * Counts true and false positives and negatives of a mask or of one label of a label map.
 *
 * @throws SegError `shape-mismatch` if the sizes differ, `invalid-argument` for NaN voxels or a label that is no integer.
 */
export function confusionCounts(
  prediction: VoxelArray,
  reference: VoxelArray,
  options: Pick<OverlapOptions, 'label'> = {},
): ConfusionCounts {
  const where = 'confusionCounts';
  checkPair(where, prediction, reference);
  const membership = membershipOf(where, options.label);
  const flags = new Uint8Array(Math.min(BLOCK, prediction.length));
  const counts = [0, 0, 0, 0] as [number, number, number, number];
  for (let start = 0; start < prediction.length; start += BLOCK) {
    const count = Math.min(BLOCK, prediction.length - start);
    flags.fill(0);
    markMembers(where, prediction, start, count, membership, flags, 0, 1);
    markMembers(where, reference, start, count, membership, flags, 0, 2);
    let onlyPrediction = 0;
    let onlyReference = 0;
    let both = 0;
    for (let i = 0; i < count; i++) {
      const flag = flags[i]!;
      both += flag === 3 ? 1 : 0;
      onlyPrediction += flag === 1 ? 1 : 0;
      onlyReference += flag === 2 ? 1 : 0;
    }
    counts[0] += count - both - onlyPrediction - onlyReference;
    counts[1] += onlyPrediction;
    counts[2] += onlyReference;
    counts[3] += both;
  }
  return { trueNegatives: counts[0], falsePositives: counts[1], falseNegatives: counts[2], truePositives: counts[3] };
}
