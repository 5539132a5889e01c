import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord } from '../fit/log.ts';
import { encodeTensorBoardEvent } from './tensorboard-events.ts';

/**
 * Writes records to `metrics.jsonl` and to a TensorBoard event file in a run's folder.
 *
 * `resumedAt` removes records of steps after the checkpoint, which the resumed training writes again. `wallTime` is in
 * seconds since 1970.
 */
export class RunLog {
  readonly #metrics: string;
  readonly #events: string;
  readonly #wallTime: () => number;

  constructor(folder: string, options: { readonly resumedAt?: number; readonly wallTime: () => number }) {
    this.#metrics = join(folder, 'metrics.jsonl');
    this.#wallTime = options.wallTime;
    if (options.resumedAt === undefined) writeFileSync(this.#metrics, '');
    else truncateAfter(this.#metrics, options.resumedAt);
    const start = this.#wallTime();
    this.#events = join(folder, `events.out.tfevents.${Math.floor(start)}.seg`);
    appendFileSync(this.#events, encodeTensorBoardEvent({ wallTime: start, step: 0 }));
  }

  write(record: LogRecord): void {
    appendFileSync(this.#metrics, `${JSON.stringify(record)}\n`);
    const scalars = scalarsOf(record);
    appendFileSync(this.#events, encodeTensorBoardEvent({ wallTime: this.#wallTime(), step: record.step, scalars }));
  }
}

/** The records of a run, oldest first; an unfinished last line is left out. */
export function readRunLog(folder: string): readonly LogRecord[] {
  return readLines(join(folder, 'metrics.jsonl'));
}

function scalarsOf(record: LogRecord): Record<string, number> {
  const named = (prefix: string, values: Readonly<Record<string, number | null>>) =>
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[`${prefix}/${name}`, value] as const]));
  if (record.kind === 'validation') return Object.fromEntries(named('validation', record.metrics));
  return Object.fromEntries([
    ...named('train', record.metrics),
    ...named('learning-rate', record.learningRate),
    ...named('gradient-norm', record.gradientNorm),
    ['time/seconds-per-step', record.secondsPerStep],
  ]);
}

function truncateAfter(path: string, step: number): void {
  const kept = readLines(path).filter((record) => record.step <= step);
  writeFileSync(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

function readLines(path: string): LogRecord[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as LogRecord];
    } catch {
      return []; // the line that a kill cut off
    }
  });
}
