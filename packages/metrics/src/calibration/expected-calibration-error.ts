import type { VoxelArray } from '@seg/core';
import { type BinOptions, type CalibrationBin, CalibrationBins, calibrationErrorOfBins } from './calibration-bins.ts';
import { forEachLabelled, type ProbabilityOptions, type ProbabilityView, viewProbabilities } from './probabilities.ts';

/** Options of the calibration errors. */
export interface CalibrationOptions extends ProbabilityOptions, BinOptions {}

/**
 * The reliability diagram: per bin of the largest probability the count, mean confidence and accuracy.
 *
 * @param probabilities [voxels, classes]
 * @param labels one class index a voxel
 *
 * @throws SegError as `negativeLogLikelihood`.
 */
export function reliabilityDiagram(
  probabilities: Float32Array | Float64Array,
  labels: VoxelArray,
  options: CalibrationOptions,
): CalibrationBin[] {
  const where = 'reliabilityDiagram';
  const view = viewProbabilities(where, probabilities, options, labels);
  const bins = new CalibrationBins(where, options, probabilities);
  forEachLabelled(where, view, labels, options.mask, (voxel, label) => {
    let best = 0;
    const first = voxel * view.voxelStride;
    for (let c = 1; c < view.classes; c++) {
      if (!(probabilities[first + c * view.classStride]! <= probabilities[first + best * view.classStride]!)) best = c;
    }
    bins.add(probabilities[first + best * view.classStride]!, best === label);
  });
  return bins.result();
}

/**
 * Expected calibration error: the mean gap between the largest probability and how often it is right (Guo et al. 2017,
 * eq. 3), by 15 bins that hold their upper edge unless `bins` and `closed` say otherwise. No voxels: NaN.
 *
 * Background makes it tiny; restrict it to the object's surroundings with `mask`.
 *
 * @throws SegError as `negativeLogLikelihood`.
 */
export function expectedCalibrationError(
  probabilities: Float32Array | Float64Array,
  labels: VoxelArray,
  options: CalibrationOptions,
): number {
  return calibrationErrorOfBins(reliabilityDiagram(probabilities, labels, options));
}

/**
 * Class-wise calibration error: per class the error of its probability against how often it is the label (Kull et al.
 * 2019, eq. 4), and their mean.
 *
 * @throws SegError as `negativeLogLikelihood`.
 */
export function classwiseCalibrationError(
  probabilities: Float32Array | Float64Array,
  labels: VoxelArray,
  options: CalibrationOptions,
): { readonly mean: number; readonly classes: readonly number[] } {
  const where = 'classwiseCalibrationError';
  const view = viewProbabilities(where, probabilities, options, labels);
  const classes = Array.from({ length: view.classes }, (_, c) =>
    calibrationErrorOfBins(classBins(where, view, probabilities, labels, options, c)),
  );
  return { mean: classes.reduce((sum, error) => sum + error, 0) / classes.length, classes };
}

function classBins(
  where: string,
  view: ProbabilityView,
  probabilities: Float32Array | Float64Array,
  labels: VoxelArray,
  options: CalibrationOptions,
  c: number,
): CalibrationBin[] {
  const bins = new CalibrationBins(where, options, probabilities);
  forEachLabelled(where, view, labels, options.mask, (voxel, label) => {
    bins.add(probabilities[voxel * view.voxelStride + c * view.classStride]!, label === c);
  });
  return bins.result();
}
