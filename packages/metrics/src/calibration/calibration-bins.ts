import { checkOption, SegError } from '@seg/core';

/** How confidences are sorted into bins. */
export interface BinOptions {
  /** Equal bins on [0, 1]; default 15. */
  readonly bins?: number;
  /**
   * Which edge belongs to a bin.
   *
   * - `upper` (default): (low, high], the first bin with 0 as well: Guo et al. 2017 (whose code drops a confidence of
   *   0), scikit-learn's `calibration_curve` and MONAI's `calibration_binning`.
   * - `lower`: [low, high), the last bin with 1 as well: torchmetrics, but that it gives a confidence of 1 a bin of its
   *   own.
   *
   * A confidence lies on an edge where it is the edge to the precision of its array: of a `Float32Array` the float32
   * number nearest to it, otherwise within 1e-12 bins.
   */
  readonly closed?: 'upper' | 'lower';
}

/** One bin of a reliability diagram. */
export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean confidence in the bin, NaN if it is empty. */
  readonly confidence: number;
  /** Share of correct predictions in the bin, NaN if it is empty. */
  readonly accuracy: number;
}

/** Collects (confidence, correct) pairs into bins one at a time. */
export class CalibrationBins {
  readonly #counts: Float64Array;
  readonly #confidences: Float64Array;
  readonly #hits: Float64Array;
  readonly #upper: boolean;
  readonly #single: boolean;
  readonly #where: string;

  /** @param values the array that confidences come from: its precision decides what lies on an edge. */
  constructor(where: string, options: BinOptions, values: ArrayLike<number>) {
    const { bins = 15, closed = 'upper' } = options;
    if (!Number.isInteger(bins) || bins < 1 || bins > 1e6) {
      throw new SegError('invalid-argument', { where, problem: 'bins must be an integer from 1 on', got: bins });
    }
    this.#where = where;
    this.#single = values instanceof Float32Array;
    this.#upper = checkOption(where, 'closed', closed, ['upper', 'lower']) === 'upper';
    this.#counts = new Float64Array(bins);
    this.#confidences = new Float64Array(bins);
    this.#hits = new Float64Array(bins);
  }

  /** Adds a prediction of this confidence, correct or not. */
  add(confidence: number, correct: boolean): void {
    // A little beyond [0, 1] is what float32 softmax gives.
    if (!(confidence >= -1e-5 && confidence <= 1 + 1e-5)) {
      throw new SegError('invalid-argument', {
        where: this.#where,
        problem: 'a confidence must be in [0, 1]',
        got: confidence,
      });
    }
    const bin = this.#binOf(confidence);
    this.#counts[bin]!++;
    this.#confidences[bin]! += confidence;
    if (correct) this.#hits[bin]!++;
  }

  #binOf(confidence: number): number {
    const bins = this.#counts.length;
    const place = confidence * bins;
    const edge = Math.round(place);
    const isEdge = this.#single ? confidence === Math.fround(edge / bins) : Math.abs(place - edge) <= 1e-12;
    const bin = isEdge ? (this.#upper ? edge - 1 : edge) : Math.floor(place);
    return Math.min(Math.max(bin, 0), bins - 1);
  }

  /** The bins so far. */
  result(): CalibrationBin[] {
    const bins = this.#counts.length;
    return Array.from(this.#counts, (count, i) => ({
      low: i / bins,
      high: (i + 1) / bins,
      count,
      confidence: this.#confidences[i]! / count,
      accuracy: this.#hits[i]! / count,
    }));
  }
}

/**
 * Bins of a reliability diagram from confidences and whether each prediction was correct (1 or 0).
 *
 * @throws SegError `shape-mismatch` if the lists differ in length, `invalid-argument` for confidences outside [0, 1].
 */
export function calibrationBins(
  confidences: ArrayLike<number>,
  correct: ArrayLike<number>,
  options: BinOptions = {},
): CalibrationBin[] {
  const where = 'calibrationBins';
  if (confidences.length !== correct.length) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'confidences and correct differ in length',
      got: [confidences.length, correct.length],
    });
  }
  const bins = new CalibrationBins(where, options, confidences);
  for (let i = 0; i < confidences.length; i++) bins.add(confidences[i]!, correct[i] !== 0);
  return bins.result();
}

/** Expected calibration error of bins: the mean of |accuracy - confidence| weighted by count; empty bins do not count. */
export function calibrationErrorOfBins(bins: readonly CalibrationBin[]): number {
  let sum = 0;
  let total = 0;
  for (const { count, accuracy, confidence } of bins) {
    total += count;
    if (count > 0) sum += count * Math.abs(accuracy - confidence);
  }
  return sum / total;
}
