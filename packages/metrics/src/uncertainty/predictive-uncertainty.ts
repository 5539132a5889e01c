import { SegError } from '@seg/core';
import { type ProbabilityOptions, type ProbabilityView, viewProbabilities } from '../calibration/probabilities.ts';

/** Options of the uncertainty maps. */
export interface UncertaintyMapOptions {
  /** Divide entropies by ln C, so that they lie in [0, 1]; default false (nats). */
  readonly normalised?: boolean;
}

/**
 * Entropy -sum p ln p of each voxel's class probabilities, in nats in [0, ln C]. Take the mean of the map for an image.
 *
 * @param probabilities [voxels, classes]; zeros contribute 0
 *
 * @throws SegError `shape-mismatch` if the classes do not divide the values, `numerical-failure` for NaN.
 */
export function entropyMap(
  probabilities: Float32Array | Float64Array,
  options: Omit<ProbabilityOptions, 'mask'> & UncertaintyMapOptions,
): Float64Array {
  const where = 'entropyMap';
  const view = viewProbabilities(where, probabilities, options);
  const map = new Float64Array(view.voxels);
  addEntropy(where, probabilities, 1, view, map);
  return options.normalised ? scaled(map, 1 / Math.log(view.classes)) : map;
}

/**
 * Uncertainty maps from sampled predictions, fed one at a time and accumulated in float64 without keeping the samples.
 *
 * @example
 * const uncertainty = new PredictiveUncertainty({ classes: 2 });
 * uncertainty.add(Float32Array.of(0.9, 0.1));
 * uncertainty.add(Float32Array.of(0.5, 0.5));
 * uncertainty.entropy()[0]; // 0.6109
 * uncertainty.mutualInformation()[0]; // 0.1017
 */
export class PredictiveUncertainty {
  readonly #options: Omit<ProbabilityOptions, 'mask'>;
  #view: ProbabilityView | undefined;
  #sum = new Float64Array(0);
  #squares = new Float64Array(0);
  #entropies = new Float64Array(0);
  #samples = 0;

  constructor(options: Omit<ProbabilityOptions, 'mask'>) {
    this.#options = options;
  }

  /** Samples added so far. */
  get samples(): number {
    return this.#samples;
  }

  /**
   * Adds one sample's probabilities, [voxels, classes].
   *
   * @throws SegError `shape-mismatch` if its size is not that of the first, `numerical-failure` for NaN.
   */
  add(probabilities: Float32Array | Float64Array): void {
    const where = 'PredictiveUncertainty.add';
    const view = viewProbabilities(where, probabilities, this.#options);
    if (this.#view === undefined) {
      this.#view = view;
      this.#sum = new Float64Array(probabilities.length);
      this.#squares = new Float64Array(probabilities.length);
      this.#entropies = new Float64Array(view.voxels);
    }
    if (view.voxels !== this.#view.voxels) {
      throw new SegError('shape-mismatch', {
        where,
        problem: 'this sample differs in size from the first',
        got: view.voxels,
        expected: this.#view.voxels,
      });
    }
    addEntropy(where, probabilities, 1, view, this.#entropies);
    for (let i = 0; i < probabilities.length; i++) {
      const p = probabilities[i]!;
      this.#sum[i]! += p;
      this.#squares[i]! += p * p;
    }
    this.#samples++;
  }

  /** Mean probabilities, in the layout of the samples. */
  mean(): Float64Array {
    this.#checkSamples('mean');
    return scaled(this.#sum, 1 / this.#samples);
  }

  /** Entropy of the mean probabilities per voxel, in nats: total uncertainty. */
  entropy(options: UncertaintyMapOptions = {}): Float64Array {
    const view = this.#checkSamples('entropy');
    const map = new Float64Array(view.voxels);
    addEntropy('PredictiveUncertainty.entropy', this.#sum, 1 / this.#samples, view, map);
    return options.normalised ? scaled(map, 1 / Math.log(view.classes)) : map;
  }

  /**
   * Mutual information between prediction and model per voxel, H(mean p) - mean H(p), in nats (Houlsby et al. 2011):
   * the part of the uncertainty that comes from the samples' disagreement. Never negative.
   */
  mutualInformation(options: UncertaintyMapOptions = {}): Float64Array {
    const view = this.#checkSamples('mutualInformation');
    const map = this.entropy();
    const scale = options.normalised ? 1 / Math.log(view.classes) : 1;
    for (let v = 0; v < map.length; v++) map[v] = scale * Math.max(0, map[v]! - this.#entropies[v]! / this.#samples);
    return map;
  }

  /** Variance of the probabilities over the samples (1 / T), mean over classes, per voxel. */
  variance(): Float64Array {
    const view = this.#checkSamples('variance');
    const map = new Float64Array(view.voxels);
    for (let v = 0; v < view.voxels; v++) {
      let sum = 0;
      for (let c = 0, at = v * view.voxelStride; c < view.classes; c++, at += view.classStride) {
        const mean = this.#sum[at]! / this.#samples;
        sum += Math.max(0, this.#squares[at]! / this.#samples - mean * mean);
      }
      map[v] = sum / view.classes;
    }
    return map;
  }

  #checkSamples(what: string): ProbabilityView {
    if (this.#view !== undefined) return this.#view;
    throw new SegError('invalid-argument', {
      where: `PredictiveUncertainty.${what}`,
      problem: 'no samples were added',
    });
  }
}

function addEntropy(
  where: string,
  values: Float32Array | Float64Array,
  scale: number,
  view: ProbabilityView,
  map: Float64Array,
): void {
  for (let v = 0; v < view.voxels; v++) {
    let entropy = 0;
    for (let c = 0, at = v * view.voxelStride; c < view.classes; c++, at += view.classStride) {
      const p = values[at]! * scale;
      if (p > 0) entropy -= p * Math.log(p);
      else if (!(p >= -1e-6)) refuse(where, p);
    }
    map[v]! += Math.max(0, entropy);
  }
}

function refuse(where: string, p: number): never {
  throw new SegError('numerical-failure', {
    where,
    problem: 'a probability must be a number in [0, 1]',
    got: p,
    hint: 'Apply the softmax before.',
  });
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}
