import { checkOption, SegError, type VoxelArray } from '@seg/core';
import { checkGrid, type GridOptions } from '../grid.ts';
import type { LabelValues } from '../membership.ts';
import { confusionCounts } from '../overlap/confusion-counts.ts';
import { ratio } from '../overlap/ratio.ts';
import { assd } from '../surface/average-surface-distance.ts';
import { type SurfaceConvention, surfaceDistances } from '../surface/surface-distances.ts';

/** How much sampled segmentations differ from their mean prediction. */
export interface WithinSamples {
  /** Mean over the samples that count; NaN if none does. */
  readonly mean: number;
  /** One value a sample, NaN for a sample left out. */
  readonly values: readonly number[];
  /** Samples in which exactly one of the two segmentations was empty. */
  readonly oneEmpty: number;
}

/**
 * Dice within samples: mean Dice between the mean prediction (argmax of the mean probabilities) and each sampled
 * segmentation (Roy et al. 2019); low means uncertain, so 1 - mean is the score. Both empty: 1. One empty: 0.
 *
 * @throws SegError `invalid-argument` without samples, otherwise as `confusionCounts`.
 */
export function diceWithinSamples(
  meanSegmentation: VoxelArray,
  samples: readonly VoxelArray[],
  options: { readonly label?: LabelValues } = {},
): WithinSamples {
  checkSamples('diceWithinSamples', samples);
  let oneEmpty = 0;
  const values = samples.map((sample) => {
    const counts = confusionCounts(sample, meanSegmentation, options);
    const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = counts;
    if ((tp + fp === 0) !== (tp + fn === 0)) oneEmpty++;
    return ratio('diceWithinSamples', 2 * tp, 2 * tp + fp + fn, 1);
  });
  return summary(values, oneEmpty);
}

/** Options of `assdWithinSamples`. */
export interface AssdWithinSamplesOptions extends GridOptions {
  readonly label?: LabelValues;
  /** Default `monai`. */
  readonly convention?: SurfaceConvention;
  /** One of the two empty: `penalty` (default) counts the image's diagonal in mm, `skip` leaves the sample out. */
  readonly oneEmpty?: 'penalty' | 'skip';
}

/**
 * ASSD within samples, in mm: mean ASSD between the mean prediction and each sampled segmentation; high means uncertain.
 *
 * Both empty: 0. One empty: the image's diagonal, or left out and counted.
 *
 * @throws SegError `invalid-argument` without samples, otherwise as `surfaceDistances`.
 */
export function assdWithinSamples(
  meanSegmentation: VoxelArray,
  samples: readonly VoxelArray[],
  options: AssdWithinSamplesOptions,
): WithinSamples {
  const where = 'assdWithinSamples';
  const { oneEmpty = 'penalty' } = options;
  checkOption(where, 'oneEmpty', oneEmpty, ['penalty', 'skip']);
  checkSamples(where, samples);
  const { dims, shape, spacingMm } = checkGrid(where, options);
  const diagonal = Math.hypot(...shape.map((n, axis) => (axis < 3 - dims ? 0 : n * spacingMm[axis as 0])));
  let infinite = 0;
  const values = samples.map((sample) => {
    const value = assd(surfaceDistances(sample, meanSegmentation, options));
    if (Number.isNaN(value)) return 0;
    if (Number.isFinite(value)) return value;
    infinite++;
    return oneEmpty === 'penalty' ? diagonal : Number.NaN;
  });
  return summary(values, infinite);
}

/**
 * Coefficient of variation of a structure's volume over samples: standard deviation (1 / T) / mean (Roy et al. 2019).
 *
 * All volumes 0: 0, for the samples agree. No volumes, or NaN among them: NaN.
 */
export function volumeVariation(volumes: readonly number[]): number {
  const n = volumes.length;
  const mean = volumes.reduce((sum, v) => sum + v, 0) / n;
  if (mean === 0) return 0;
  return Math.sqrt(volumes.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n) / mean;
}

function checkSamples(where: string, samples: readonly VoxelArray[]): void {
  if (samples.length === 0) throw new SegError('invalid-argument', { where, problem: 'no samples were given' });
}

function summary(values: readonly number[], oneEmpty: number): WithinSamples {
  const used = values.filter((value) => !Number.isNaN(value));
  return { mean: used.reduce((sum, value) => sum + value, 0) / used.length, values, oneEmpty };
}
