import type { VoxelArray } from '@seg/core';
import { forEachLabelled, type ProbabilityOptions, refuseNaN, viewProbabilities } from './probabilities.ts';

/** Smallest probability that the logarithm is taken of. */
const FLOOR = 1e-7;

/**
 * Negative log-likelihood -mean ln p(label) in nats; probabilities below 1e-7 count as that. No voxels: NaN.
 *
 * @param probabilities [voxels, classes], each voxel's summing to 1
 * @param labels one class index a voxel
 *
 * @example
 * negativeLogLikelihood(Float64Array.of(0.7, 0.2, 0.1), Uint8Array.of(0), { classes: 3 }); // 0.3567 = -ln 0.7
 *
 * @throws SegError `shape-mismatch` if sizes disagree, `invalid-argument` for labels that are no class,
 * `numerical-failure` for NaN probabilities.
 */
export function negativeLogLikelihood(
  probabilities: Float32Array | Float64Array,
  labels: VoxelArray,
  options: ProbabilityOptions,
): number {
  const where = 'negativeLogLikelihood';
  const view = viewProbabilities(where, probabilities, options, labels);
  let sum = 0;
  let count = 0;
  forEachLabelled(where, view, labels, options.mask, (voxel, label) => {
    sum -= Math.log(Math.max(probabilities[voxel * view.voxelStride + label * view.classStride]!, FLOOR));
    count++;
  });
  refuseNaN(where, sum);
  return sum / count;
}
