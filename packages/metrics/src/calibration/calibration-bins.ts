import { checkOption, SegError } from '@seg/core';

/** How confidences are sorted into bins. */
export interface BinOptions {
  /** Equal bins on [0, 1]; default 15. */
  readonly bins?: number;
  /**
   * Which edge belongs to a bin: `upper` (default) for (low, high], as Guo et al. 2017 and torchmetrics; `lower` for
   * [low, high) with the last bin closed, as robustness_metrics. Confidences within 1e-12 bins of an edge lie on it.
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
  readonly #where: string;

  constructor(where: string, options: BinOptions) {
    const { bins = 15, closed = 'upper' } = options;
    if (!Number.isInteger(bins) || bins < 1 || bins > 1e6) {
      throw new SegError('invalid-argument', { where, problem: 'bins must be an integer from 1 on', got: bins });
    }
    this.#where = where;
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
    const last = this.#counts.length - 1;
    const place = confidence * this.#counts.length;
    const bin = this.#upper ? Math.ceil(place - 1e-12) - 1 : Math.floor(place + 1e-12);
    const clamped = Math.min(Math.max(bin, 0), last);
    this.#counts[clamped]!++;
    this.#confidences[clamped]! += confidence;
    if (correct) this.#hits[clamped]!++;
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
  const bins = new CalibrationBins(where, options);
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
