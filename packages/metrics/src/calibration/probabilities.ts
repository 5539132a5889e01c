import { SegError, type VoxelArray } from '@seg/core';

/** How class probabilities (or logits) lie in memory, and which voxels to look at. */
export interface ProbabilityOptions {
  /** Number of classes C. */
  readonly classes: number;
  /** `channelsLast` (default, [voxel][class], as tensors) or `channelsFirst` ([class][voxel], as volumes). */
  readonly layout?: 'channelsLast' | 'channelsFirst';
  /** Only voxels where this is not 0 count, e.g. the surroundings of the object; default: all. */
  readonly mask?: VoxelArray;
}

/** Checked strides: value of voxel v and class c is at v * voxelStride + c * classStride. */
export interface ProbabilityView {
  readonly voxels: number;
  readonly classes: number;
  readonly voxelStride: number;
  readonly classStride: number;
}

/** Checks the sizes of probabilities against their classes, of which there are `least` or more, labels and mask. */
export function viewProbabilities(
  where: string,
  values: Float32Array | Float64Array,
  options: ProbabilityOptions,
  labels?: VoxelArray,
  least = 2,
): ProbabilityView {
  const { classes, layout = 'channelsLast', mask } = options;
  if (!Number.isInteger(classes) || classes < least) {
    const problem = `classes must be an integer from ${least} on`;
    throw new SegError('invalid-argument', { where, problem, got: classes });
  }
  if (layout !== 'channelsLast' && layout !== 'channelsFirst') {
    throw new SegError('unknown-option', {
      where,
      problem: 'unknown layout',
      got: layout,
      expected: 'channelsLast | channelsFirst',
    });
  }
  const voxels = values.length / classes;
  if (!Number.isInteger(voxels) || (labels && labels.length !== voxels) || (mask && mask.length !== voxels)) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'probabilities, labels and mask do not have the same voxels',
      got: { probabilities: values.length, classes, labels: labels?.length, mask: mask?.length },
    });
  }
  return layout === 'channelsLast'
    ? { voxels, classes, voxelStride: classes, classStride: 1 }
    : { voxels, classes, voxelStride: 1, classStride: voxels };
}

/** Calls back for each voxel of the mask with its index and its label, which must be a class. */
export function forEachLabelled(
  where: string,
  { voxels, classes }: ProbabilityView,
  labels: VoxelArray,
  mask: VoxelArray | undefined,
  visit: (voxel: number, label: number) => void,
): void {
  for (let voxel = 0; voxel < voxels; voxel++) {
    if (mask !== undefined && mask[voxel] === 0) continue;
    const label = labels[voxel]!;
    if (!(label >= 0 && label < classes && Number.isInteger(label))) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'a label is not one of the classes',
        got: label,
        expected: `an integer from 0 to ${classes - 1}`,
        hint: 'Leave voxels without a label out with a mask.',
      });
    }
    visit(voxel, label);
  }
}

/** Refuses a result that NaN probabilities have spoilt. */
export function refuseNaN(where: string, total: number): void {
  if (!Number.isNaN(total)) return;
  throw new SegError('numerical-failure', {
    where,
    problem: 'the probabilities hold NaN',
    hint: 'Did the network diverge, or were logits overflowing before the softmax?',
  });
}
