import { appendFileSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { SegError } from '@seg/core';
import type { RunObservers } from '@seg/train/node';
import { version } from '../version.ts';

/** One call of `seg train` that trained a run, as a line of `sessions.jsonl` in the run's folder. */
export interface RunSession {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** As typed, quoted for a shell where it needs to be. */
  readonly command: string;
  /** Of `seg`. */
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  /** Processors that this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** What the backend says of itself: threads, the GPU. */
  readonly backend: string;
}

const FILE = 'sessions.jsonl';

/** Describes this process, whose `seg` was called with these arguments. */
export function describeSession(args: readonly string[], backend: string): RunSession {
  return {
    startedAt: new Date().toISOString(),
    command: ['seg', ...args].map(quote).join(' '),
    version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() || 'unknown processor',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    backend,
  };
}

/**
 * Observers that write the session into the run's folder at the first step: a call that trains nothing, such as one that
 * was refused, is no part of the run, and one that is killed later is. The first step throws SegError `io-failure` where
 * the file cannot be written.
 */
export function recordingSession(observers: RunObservers, run: string, session: RunSession): RunObservers {
  let isRecorded = false;
  return {
    ...observers,
    onProgress: (progress) => {
      if (!isRecorded) append(join(run, FILE), session);
      isRecorded = true;
      observers.onProgress?.(progress);
    },
  };
}

function append(path: string, session: RunSession): void {
  try {
    appendFileSync(path, `${JSON.stringify(session)}\n`);
  } catch (cause) {
    throw new SegError('io-failure', {
      where: path,
      problem: 'the session could not be written',
      hint: 'Make room or allow writing there, then continue with `seg train --resume`.',
      cause,
    });
  }
}

/**
 * The sessions of a run, oldest first; none where the run was trained by a program of its own.
 *
 * @throws SegError `io-failure` where the file is there but cannot be read.
 */
export function readSessions(run: string): readonly RunSession[] {
  const path = join(run, FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new SegError('io-failure', { where: path, problem: 'the file cannot be read', cause });
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as RunSession];
    } catch {
      return []; // the line that a full disk or a kill cut off
    }
  });
}

/** An argument as a POSIX shell takes it back. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
