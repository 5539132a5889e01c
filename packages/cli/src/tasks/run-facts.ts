import type { Params } from '@seg/core';
import type { LogRecord } from '@seg/train';
import type { RunSession } from './run-sessions.ts';

export interface RunFacts {
  readonly sessions: readonly RunSession[];
  readonly log: readonly LogRecord[];
  /** The groups of parameters that are trained. */
  readonly params: readonly Params[];
  /** When the report is written. */
  readonly now: Date;
}

type Row = readonly [string, string | number];

/** When, how long, by which command and version, on what, and how many weights: rows for the report's first table. */
export function runFacts({ sessions, log, params, now }: RunFacts): Row[] {
  const seconds = log.at(-1)?.elapsedSeconds;
  return [
    ...(seconds === undefined ? [] : [['training time', formatDuration(seconds)] as const]),
    ['trained parameters', countValues(params).toLocaleString('en-US')],
    ...sessionFacts(sessions),
    ['report written', minuteOf(now.toISOString())],
  ];
}

/** When it began, by which command and version, and on what; nothing where no session is known. */
export function sessionFacts(sessions: readonly RunSession[]): Row[] {
  const [first, ...later] = sessions;
  if (first === undefined) return [];
  const each = (describe: (session: RunSession) => string) => [...new Set(sessions.map(describe))].join('; ');
  return [
    ['begun', minuteOf(first.startedAt)],
    ['command', first.command],
    ...later.map(({ startedAt, command }) => ['continued', `${minuteOf(startedAt)}: ${command}`] as const),
    ['version', each((s) => `seg ${s.version}, Node ${s.node.replace(/^v/, '')}`)],
    ['hardware', each((s) => `${s.processor}, ${cores(s.cores)}, ${gibibytes(s.memoryBytes)}, ${s.platform}`)],
    ['backend', each((s) => s.backend)],
  ];
}

/** "2 h 5 min", "5 min 3 s", "12.3 s". */
export function formatDuration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** "2026-05-01 13:45 UTC". */
const minuteOf = (iso: string) => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
const cores = (count: number) => `${count} ${count === 1 ? 'core' : 'cores'}`;
const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB of memory`;

function countValues(groups: RunFacts['params']): number {
  return groups
    .flatMap((params) => Object.values(params))
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
