import { SegError, type Triple } from '@seg/core';
import { PredictiveUncertainty, type UncertaintyMeasure } from '@seg/metrics';
import type { SampleSink, SampleSlab } from './sample-sink.ts';
import type { ScoreSlab } from './score-slabs.ts';
import { createVoxelSink, type LabelPrediction, type ScorePrediction } from './voxel-sink.ts';

const WHERE = 'SampleStatistics';

export interface SampleStatisticsOptions {
  /** Uncertainty that will be asked for; sums that the others alone need are not kept. Default none. */
  readonly measures?: readonly UncertaintyMeasure[];
}

/** One number a voxel. */
export interface UncertaintyMap {
  /** [D, H, W]. */
  readonly values: Float32Array;
  readonly shape: Triple;
}

/** Sums over the samples of one slab. */
interface SlabSums {
  readonly axis: 0 | 1 | 2;
  readonly start: number;
  readonly shape: Triple;
  readonly sums: PredictiveUncertainty;
}

/**
 * Mean and spread of all samples that it has seen: label map, probabilities and uncertainty.
 *
 * Of every voxel it keeps float64 sums, 8 bytes each whatever the number of samples: of p for each class; for
 * `mutualInformation` of the samples' entropies; for `variance` of p^2 for each class. The formulas are those of `PredictiveUncertainty` in `@seg/metrics`.
 */
export class SampleStatistics implements SampleSink {
  readonly #measures: readonly UncertaintyMeasure[];
  readonly #slabs: SlabSums[] = [];
  #classes = 0;
  #activation: 'softmax' | 'sigmoid' = 'softmax';
  /** Slab that comes next. */
  #next = 0;

  constructor(options: SampleStatisticsOptions = {}) {
    this.#measures = options.measures ?? [];
  }

  /** Samples that were seen to their end. */
  get samples(): number {
    return this.#slabs.at(-1)?.sums.samples ?? 0;
  }

  /** Bytes that the sums take. */
  get byteLength(): number {
    return this.#slabs.reduce((bytes, { sums }) => bytes + sums.byteLength, 0);
  }

  /** @throws SegError `shape-mismatch` where a sample comes in other slabs than the first. */
  add(slab: SampleSlab): void {
    const { axis, start, shape, classes, activation, scores } = slab;
    if (slab.start === 0) this.#next = 0;
    let known = this.#slabs[this.#next];
    if (known === undefined) {
      const sums = new PredictiveUncertainty({
        classes,
        activation,
        measures: this.#measures,
        layout: 'channelsFirst',
      });
      known = { axis, start, shape, sums };
      this.#classes = classes;
      this.#activation = activation;
      this.#slabs.push(known);
    }
    const fits = known.axis === axis && known.start === start && known.shape.join() === shape.join();
    if (!fits || classes !== this.#classes || activation !== this.#activation) {
      throw new SegError('shape-mismatch', {
        where: `${WHERE}.add`,
        problem: 'the sample does not come in the slabs of the first one',
        got: { axis, start, shape, classes, activation },
        expected: { axis: known.axis, start: known.start, shape: known.shape, classes: this.#classes },
      });
    }
    known.sums.add(scores);
    this.#next++;
  }

  /** Mean probabilities slab by slab, in the order in which they came. */
  *slabs(): Generator<ScoreSlab, void, undefined> {
    this.#shape();
    const classes = this.#classes;
    for (const { axis, start, shape, sums } of this.#slabs) {
      yield { axis, start, shape, classes, scores: Float32Array.from(sums.mean()) };
    }
  }

  /** Mean probabilities of all classes. */
  mean(): ScorePrediction {
    const shape = this.#shape();
    const classes = this.#classes;
    const scores = new Float32Array(classes * voxelsOf(shape));
    for (const { sums, ...slab } of this.#slabs) placeSlab(sums.mean(), slab, classes, scores, shape);
    return { scores, shape, classes };
  }

  /**
   * The class of the largest mean probability, the first of equals; with regions, those whose mean probability exceeds one
   * half, painted in order.
   */
  labels(options: { readonly regionLabels?: readonly number[] } = {}): LabelPrediction {
    const shape = this.#shape();
    const classes = this.#classes;
    const sink = createVoxelSink(shape, classes, {
      mode: 'argmax',
      average: 'probabilities',
      activation: this.#activation,
      totals: shape.map((n) => new Float64Array(n).fill(1)),
      padding: [0, 0, 0],
      regionLabels: options.regionLabels,
    });
    const voxel = new Float32Array(classes);
    for (const { axis, start, scores, shape: part } of this.slabs()) {
      const voxels = voxelsOf(part);
      const first = [0, 1, 2].map((i) => (i === axis ? start : 0)) as unknown as Triple;
      for (let z = 0, i = 0; z < part[0]; z++) {
        for (let y = 0; y < part[1]; y++) {
          for (let x = 0; x < part[2]; x++, i++) {
            for (let c = 0; c < classes; c++) voxel[c] = scores[c * voxels + i]!;
            sink.put(first[0] + z, first[1] + y, first[2] + x, voxel, 0);
          }
        }
      }
    }
    return sink.result() as LabelPrediction;
  }

  /**
   * An uncertainty map of the samples:
   *
   * - `entropy`, of the mean probabilities, in nats (natural logarithm): at most ln classes; with regions their sum.
   * - `mutualInformation`: entropy minus the mean of the samples' entropies, in nats, from 0 to `entropy`.
   * - `variance` of the probabilities over the samples (1 / T), mean over classes.
   *
   * @throws SegError `invalid-argument` for a measure that was not named from the start, or before the first sample.
   */
  map(measure: UncertaintyMeasure): UncertaintyMap {
    const shape = this.#shape();
    const values = new Float32Array(voxelsOf(shape));
    for (const { sums, ...slab } of this.#slabs) placeSlab(sums[measure](), slab, 1, values, shape);
    return { values, shape };
  }

  #shape(): Triple {
    const last = this.#slabs.at(-1);
    if (last === undefined) {
      throw new SegError('invalid-argument', { where: WHERE, problem: 'no samples were added' });
    }
    const { axis, start, shape } = last;
    return shape.map((n, i) => (i === axis ? start + n : n)) as unknown as Triple;
  }
}

function voxelsOf(shape: Triple): number {
  return shape[0] * shape[1] * shape[2];
}

/** Copies the channels of a slab to their place in the whole image. */
function placeSlab(
  values: Float64Array,
  { axis, start, shape }: Pick<ScoreSlab, 'axis' | 'start' | 'shape'>,
  channels: number,
  target: Float32Array,
  whole: Triple,
): void {
  const outer = channels * shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const run = shape[axis] * inner;
  for (let o = 0; o < outer; o++) {
    target.set(values.subarray(o * run, (o + 1) * run), (o * whole[axis] + start) * inner);
  }
}
