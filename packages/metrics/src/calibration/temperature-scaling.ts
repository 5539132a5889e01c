import { SegError, type VoxelArray } from '@seg/core';
import { forEachLabelled, type ProbabilityOptions, refuseNaN, viewProbabilities } from './probabilities.ts';

/** Bounds of ln T. */
const LOG_RANGE = 3;

/** Golden-section steps: the interval shrinks to 6 * 0.618^60, below 1e-11. */
const STEPS = 60;

/** A fitted temperature. */
export interface TemperatureFit {
  /** Divide logits by this; above 1 for an overconfident network. In [e^-3, e^3]. */
  readonly temperature: number;
  /** Negative log-likelihood at that temperature, and at 1. */
  readonly nll: number;
  readonly nllBefore: number;
}

/**
 * The temperature T > 0 that minimises the negative log-likelihood of softmax(logits / T) (Guo et al. 2017, section
 * 4.2), by golden section on ln T in [-3, 3]: the likelihood is convex in 1 / T, so there is one minimum.
 *
 * @param logits [voxels, classes] of held-out data
 * @param labels one class index a voxel
 *
 * @throws SegError as `negativeLogLikelihood`.
 */
export function fitTemperature(
  logits: Float32Array | Float64Array,
  labels: VoxelArray,
  options: ProbabilityOptions,
): TemperatureFit {
  const where = 'fitTemperature';
  const view = viewProbabilities(where, logits, options, labels);
  const scaled = new Float64Array(view.classes);
  const nllAt = (temperature: number): number => {
    let sum = 0;
    let count = 0;
    forEachLabelled(where, view, labels, options.mask, (voxel, label) => {
      const first = voxel * view.voxelStride;
      for (let c = 0; c < view.classes; c++) scaled[c] = logits[first + c * view.classStride]! / temperature;
      sum += logSumExp(scaled) - scaled[label]!;
      count++;
    });
    refuseNaN(where, sum);
    return sum / count;
  };
  const golden = (Math.sqrt(5) - 1) / 2;
  let low = -LOG_RANGE;
  let high = LOG_RANGE;
  let left = high - golden * (high - low);
  let right = low + golden * (high - low);
  let atLeft = nllAt(Math.exp(left));
  let atRight = nllAt(Math.exp(right));
  for (let step = 0; step < STEPS; step++) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - golden * (high - low);
      atLeft = nllAt(Math.exp(left));
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + golden * (high - low);
      atRight = nllAt(Math.exp(right));
    }
  }
  const temperature = Math.exp((low + high) / 2);
  return { temperature, nll: nllAt(temperature), nllBefore: nllAt(1) };
}

/**
 * softmax(logits / T) in the layout of the logits.
 *
 * @throws SegError `invalid-argument` for a temperature that is not positive.
 */
export function applyTemperature(
  logits: Float32Array | Float64Array,
  temperature: number,
  options: Omit<ProbabilityOptions, 'mask'>,
): Float32Array {
  const where = 'applyTemperature';
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new SegError('invalid-argument', { where, problem: 'the temperature must be positive', got: temperature });
  }
  const view = viewProbabilities(where, logits, options);
  const probabilities = new Float32Array(logits.length);
  const scaled = new Float64Array(view.classes);
  for (let voxel = 0; voxel < view.voxels; voxel++) {
    const first = voxel * view.voxelStride;
    for (let c = 0; c < view.classes; c++) scaled[c] = logits[first + c * view.classStride]! / temperature;
    const norm = logSumExp(scaled);
    for (let c = 0; c < view.classes; c++) probabilities[first + c * view.classStride] = Math.exp(scaled[c]! - norm);
  }
  return probabilities;
}

function logSumExp(values: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) top = Math.max(top, values[i]!);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i]! - top);
  return top + Math.log(sum);
}
