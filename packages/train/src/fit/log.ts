import type { ValidationMetrics } from './validation-score.ts';

/** One line of `metrics.jsonl`. */
export type LogRecord = TrainRecord | ValidationRecord;

/** Means over the steps since the last such record. */
export interface TrainRecord {
  readonly kind: 'train';
  /** Finished steps. */
  readonly step: number;
  /** Part of the budget that the step's schedule went by. */
  readonly progress: number;
  readonly elapsedSeconds: number;
  readonly phase: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: Readonly<Record<string, number>>;
  readonly gradientNorm: Readonly<Record<string, number>>;
  readonly secondsPerStep: number;
}

export interface ValidationRecord {
  readonly kind: 'validation';
  readonly step: number;
  readonly elapsedSeconds: number;
  /** Named numbers of the validation, null where undefined; `score` chooses the best checkpoint. */
  readonly metrics: ValidationMetrics;
  readonly best: boolean;
}

/** Where a training is; sent after every step. */
export interface Progress {
  readonly step: number;
  /** For a time budget the present estimate. */
  readonly totalSteps: number;
  readonly progress: number;
  readonly phase: string;
  readonly elapsedSeconds: number;
  readonly remainingSeconds: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Means of named numbers over several steps. */
export class RunningMeans {
  #sums: Record<string, { total: number; count: number }> = {};

  add(values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      const sum = (this.#sums[name] ??= { total: 0, count: 0 });
      sum.total += value;
      sum.count++;
    }
  }

  /** The means, after which counting starts anew. */
  take(): Record<string, number> {
    const means = Object.fromEntries(Object.entries(this.#sums).map(([name, s]) => [name, s.total / s.count]));
    this.#sums = {};
    return means;
  }
}
