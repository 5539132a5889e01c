import type { VoxelArray } from '@seg/core';
import { forEachLabelled, type ProbabilityOptions, refuseNaN, viewProbabilities } from './probabilities.ts';

/**
 * Brier score: mean over voxels of the sum over classes of (p - 1[label])^2, in [0, 2] (Brier 1950). No voxels: NaN.
 *
 * Sums over classes; divide by the number of classes for the mean over them.
 *
 * @param probabilities [voxels, classes]
 * @param labels one class index a voxel
 *
 * @throws SegError as `negativeLogLikelihood`.
 */
export function brierScore(
  probabilities: Float32Array | Float64Array,
  labels: VoxelArray,
  options: ProbabilityOptions,
): number {
  const where = 'brierScore';
  const view = viewProbabilities(where, probabilities, options, labels);
  let sum = 0;
  let count = 0;
  forEachLabelled(where, view, labels, options.mask, (voxel, label) => {
    for (let c = 0, at = voxel * view.voxelStride; c < view.classes; c++, at += view.classStride) {
      const error = probabilities[at]! - (c === label ? 1 : 0);
      sum += error * error;
    }
    count++;
  });
  refuseNaN(where, sum);
  return sum / count;
}
