import { checkOption, SegError } from '@seg/core';
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
  addEntropy(where, probabilities, 1, view, 'softmax', map);
  return options.normalised ? scaled(map, 1 / Math.log(view.classes)) : map;
}

/** What the samples' disagreement is measured by. */
export type UncertaintyMeasure = (typeof measures)[number];

const measures = ['entropy', 'mutualInformation', 'variance'] as const;

export interface PredictiveUncertaintyOptions extends Omit<ProbabilityOptions, 'mask'> {
  /**
   * `softmax` (default): the classes exclude each other. `sigmoid`: each is a yes or no of its own, from one class on;
   * their entropies -p ln p - (1 - p) ln(1 - p) are added up, so that they lie in [0, C ln 2].
   */
  readonly activation?: 'softmax' | 'sigmoid';
  /** What will be asked for; sums that the others alone need are not kept. Default: all. */
  readonly measures?: readonly UncertaintyMeasure[];
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
  readonly #options: PredictiveUncertaintyOptions;
  readonly #activation: 'softmax' | 'sigmoid';
  readonly #measures: ReadonlySet<UncertaintyMeasure>;
  #view: ProbabilityView | undefined;
  #sum = new Float64Array(0);
  #squares = new Float64Array(0);
  #entropies = new Float64Array(0);
  #samples = 0;

  /** @throws SegError `unknown-option` for another activation or measure. */
  constructor(options: PredictiveUncertaintyOptions) {
    const where = 'PredictiveUncertainty';
    this.#options = options;
    this.#activation = checkOption(where, 'activation', options.activation ?? 'softmax', ['softmax', 'sigmoid']);
    this.#measures = new Set((options.measures ?? measures).map((m) => checkOption(where, 'measures', m, measures)));
  }

  /** Bytes that the sums take: the same for any number of samples. */
  get byteLength(): number {
    return this.#sum.byteLength + this.#squares.byteLength + this.#entropies.byteLength;
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
    const least = this.#activation === 'sigmoid' ? 1 : 2;
    const view = viewProbabilities(where, probabilities, this.#options, undefined, least);
    if (this.#view === undefined) {
      this.#view = view;
      this.#sum = new Float64Array(probabilities.length);
      if (this.#measures.has('variance')) this.#squares = new Float64Array(probabilities.length);
      if (this.#measures.has('mutualInformation')) this.#entropies = new Float64Array(view.voxels);
    }
    if (view.voxels !== this.#view.voxels) {
      throw new SegError('shape-mismatch', {
        where,
        problem: 'this sample differs in size from the first',
        got: view.voxels,
        expected: this.#view.voxels,
      });
    }
    checkProbabilities(where, probabilities);
    if (this.#entropies.length > 0) addEntropy(where, probabilities, 1, view, this.#activation, this.#entropies);
    for (let i = 0; i < probabilities.length; i++) this.#sum[i]! += probabilities[i]!;
    for (let i = 0; i < this.#squares.length; i++) this.#squares[i]! += probabilities[i]! ** 2;
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
    addEntropy('PredictiveUncertainty.entropy', this.#sum, 1 / this.#samples, view, this.#activation, map);
    return options.normalised ? scaled(map, 1 / this.#mostEntropy(view)) : map;
  }

  /**
   * Mutual information between prediction and model per voxel, H(mean p) - mean H(p), in nats (Houlsby et al. 2011):
   * the part of the uncertainty that comes from the samples' disagreement. Never negative.
   */
  mutualInformation(options: UncertaintyMapOptions = {}): Float64Array {
    const view = this.#checkSamples('mutualInformation', 'mutualInformation');
    const map = this.entropy();
    const scale = options.normalised ? 1 / this.#mostEntropy(view) : 1;
    for (let v = 0; v < map.length; v++) map[v] = scale * Math.max(0, map[v]! - this.#entropies[v]! / this.#samples);
    return map;
  }

  /** Variance of the probabilities over the samples (1 / T), mean over classes, per voxel. */
  variance(): Float64Array {
    const view = this.#checkSamples('variance', 'variance');
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

  #mostEntropy({ classes }: ProbabilityView): number {
    return this.#activation === 'sigmoid' ? classes * Math.LN2 : Math.log(classes);
  }

  #checkSamples(what: string, measure?: UncertaintyMeasure): ProbabilityView {
    const where = `PredictiveUncertainty.${what}`;
    if (measure !== undefined && !this.#measures.has(measure)) {
      const hint = 'Name the measure in `measures` from the start.';
      throw new SegError('invalid-argument', { where, problem: 'the sums for it were not kept', hint });
    }
    if (this.#view !== undefined) return this.#view;
    throw new SegError('invalid-argument', { where, problem: 'no samples were added' });
  }
}

/** Rounding in averages of probabilities that is still meant as 0 or 1. */
const ROUNDING = 1e-6;

function checkProbabilities(where: string, values: Float32Array | Float64Array): void {
  for (let i = 0; i < values.length; i++) if (!(values[i]! >= -ROUNDING)) refuse(where, values[i]!);
}

function addEntropy(
  where: string,
  values: Float32Array | Float64Array,
  scale: number,
  view: ProbabilityView,
  activation: 'softmax' | 'sigmoid',
  map: Float64Array,
): void {
  for (let v = 0; v < view.voxels; v++) {
    let entropy = 0;
    for (let c = 0, at = v * view.voxelStride; c < view.classes; c++, at += view.classStride) {
      const p = values[at]! * scale;
      if (p > 0) entropy -= p * Math.log(p);
      else if (!(p >= -ROUNDING)) refuse(where, p);
      if (activation === 'sigmoid' && p < 1) entropy -= (1 - p) * Math.log(1 - p);
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
