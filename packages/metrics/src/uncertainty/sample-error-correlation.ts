import { SegError, type VoxelArray } from '@seg/core';
import { type ProbabilityOptions, type ProbabilityView, viewProbabilities } from '../calibration/probabilities.ts';

/** Added to probabilities before the logarithm, as in PHiSeg's code. */
const EPSILON = 1e-8;

/**
 * Normalised cross-correlation between where samples are uncertain and where they disagree with annotators (Baumgartner
 * et al. 2019, PHiSeg), in [-1, 1].
 *
 * Correlates the map mean over samples of CE(mean sample, sample) with, per annotator, the map mean over samples of
 * CE(annotation, sample), and averages over annotators. A constant map has no correlation: NaN.
 *
 * @param samples probabilities, each [voxels, classes]
 * @param annotations label maps, one class index a voxel
 *
 * @throws SegError `invalid-argument` without samples or annotations or for labels that are no class, `shape-mismatch`
 * if sizes differ.
 */
export function sampleErrorCorrelation(
  samples: readonly (Float32Array | Float64Array)[],
  annotations: readonly VoxelArray[],
  options: Omit<ProbabilityOptions, 'mask'>,
): number {
  const where = 'sampleErrorCorrelation';
  if (samples.length === 0 || annotations.length === 0) {
    throw new SegError('invalid-argument', { where, problem: 'there must be samples and annotations' });
  }
  const views = samples.map((sample) => viewProbabilities(where, sample, options, annotations[0]));
  const view = views[0]!;
  // Both maps are linear in the mean of -ln p over samples, so one pass over the samples serves all annotators.
  const means = new Float64Array(samples[0]!.length);
  const logs = new Float64Array(samples[0]!.length);
  for (const sample of samples) {
    for (let i = 0; i < sample.length; i++) {
      means[i]! += sample[i]! / samples.length;
      logs[i]! -= Math.log(sample[i]! + EPSILON) / samples.length;
    }
  }
  const uncertainty = new Float64Array(view.voxels);
  for (let v = 0; v < view.voxels; v++) {
    for (let c = 0, at = v * view.voxelStride; c < view.classes; c++, at += view.classStride) {
      uncertainty[v]! += means[at]! * logs[at]!;
    }
  }
  const correlations = annotations.map((labels) => correlation(uncertainty, errorMap(where, labels, logs, view)));
  return correlations.reduce((sum, r) => sum + r, 0) / correlations.length;
}

function errorMap(where: string, labels: VoxelArray, logs: Float64Array, view: ProbabilityView): Float64Array {
  if (labels.length !== view.voxels) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'annotations differ in size',
      got: labels.length,
      expected: view.voxels,
    });
  }
  return Float64Array.from(labels, (label, v) => {
    const value = logs[v * view.voxelStride + label * view.classStride];
    if (!(label >= 0 && label < view.classes) || value === undefined) {
      throw new SegError('invalid-argument', { where, problem: 'a label is not one of the classes', got: label });
    }
    return value;
  });
}

/** Zero-normalised cross-correlation of two maps; NaN if one is constant. */
function correlation(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const meanA = a.reduce((sum, value) => sum + value, 0) / n;
  const meanB = b.reduce((sum, value) => sum + value, 0) / n;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [da, db] = [a[i]! - meanA, b[i]! - meanB];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}
