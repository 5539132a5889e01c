import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord } from '../fit/log.ts';
import type { JsonValue } from '../json.ts';
import { encodeTensorBoardEvent } from './tensorboard-events.ts';

/**
 * Writes records to `metrics.jsonl` and to a TensorBoard event file in a run's folder.
 *
 * `resumedAt` removes records of steps after the checkpoint, which the resumed training writes again. `wallTime` is in
 * seconds since 1970.
 */
export class RunLog {
  readonly #folder: string;
  readonly #resumedAt: number | undefined;
  readonly #records = new Set<string>();
  readonly #metrics: string;
  readonly #events: string;
  readonly #wallTime: () => number;

  constructor(folder: string, options: { readonly resumedAt?: number; readonly wallTime: () => number }) {
    this.#folder = folder;
    this.#resumedAt = options.resumedAt;
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

  /** Appends a line to `NAME.jsonl`; a resumed run first drops the lines whose `step` it will write again. */
  writeRecord(name: string, value: JsonValue): void {
    const path = join(this.#folder, `${name}.jsonl`);
    if (!this.#records.has(name)) {
      this.#records.add(name);
      if (this.#resumedAt === undefined) writeFileSync(path, '');
      else truncateAfter(path, this.#resumedAt);
    }
    appendFileSync(path, `${JSON.stringify(value)}\n`);
  }
}

/**
 * The lines of a method's own record (`NAME.jsonl`), oldest first; an unfinished last line is left out, a file that is
 * not there has none.
 */
export function readRunRecord(folder: string, name: string): readonly JsonValue[] {
  return readLines<JsonValue>(join(folder, `${name}.jsonl`));
}

/** The records of a run, oldest first; an unfinished last line is left out. */
export function readRunLog(folder: string): readonly LogRecord[] {
  return readLines<LogRecord>(join(folder, 'metrics.jsonl'));
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
  const kept = readLines<{ readonly step?: number }>(path).filter((record) => !((record.step ?? 0) > step));
  writeFileSync(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

function readLines<T>(path: string): T[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as T];
    } catch {
      return []; // the line that a kill cut off
    }
  });
}
