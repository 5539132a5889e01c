import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Params } from '@seg/core';
import { describe, expect, it } from 'vitest';
import { formatDuration, runFacts } from '../../src/tasks/run-facts.ts';
import { describeSession, readSessions, recordingSession } from '../../src/tasks/run-sessions.ts';
import { temporaryFolder } from '../support/run-seg.ts';

const session = {
  startedAt: '2026-03-04T05:06:07.890Z',
  command: 'seg train --data d --out run',
  version: '1.2.3',
  node: 'v24.1.0',
  platform: 'linux x64',
  processor: 'A Processor',
  cores: 8,
  memoryBytes: 16 * 2 ** 30,
  backend: 'wasm: 8 threads',
};
const progress = {
  step: 1,
  totalSteps: 2,
  progress: 0.5,
  phase: '',
  elapsedSeconds: 1,
  remainingSeconds: 1,
  metrics: {},
};
const folder = await temporaryFolder();

describe('runFacts', () => {
  const params = [{ kernel: { shape: [3, 3, 3, 1, 4] }, bias: { shape: [4] } }, { scalar: { shape: [] } }];
  const facts = (sessions: (typeof session)[]) =>
    runFacts({
      sessions,
      log: [
        { kind: 'validation', step: 1, elapsedSeconds: 20, metrics: { score: null }, best: true },
        { kind: 'validation', step: 2, elapsedSeconds: 185, metrics: { score: null }, best: true },
      ],
      params: params as unknown as Params[],
      now: new Date('2026-03-04T06:00:59Z'),
    });

  it('names time, command, version, hardware and the number of parameters', () => {
    expect(facts([session])).toEqual([
      ['training time', '3 min 5 s'],
      ['trained parameters', '113'], // 27 * 4 + 4 + 1
      ['begun', '2026-03-04 05:06 UTC'],
      ['command', 'seg train --data d --out run'],
      ['version', 'seg 1.2.3, Node 24.1.0'],
      ['hardware', 'A Processor, 8 cores, 16.0 GiB of memory, linux x64'],
      ['backend', 'wasm: 8 threads'],
      ['report written', '2026-03-04 06:00 UTC'],
    ]);
  });

  it('names every session of a run that was continued, on another machine too', () => {
    const other = { ...session, startedAt: '2026-03-05T00:00:00Z', command: 'seg train --resume run', cores: 1 };
    const rows = new Map(facts([session, other]));
    expect(rows.get('continued')).toBe('2026-03-05 00:00 UTC: seg train --resume run');
    expect(rows.get('hardware')).toBe(
      'A Processor, 8 cores, 16.0 GiB of memory, linux x64; A Processor, 1 core, 16.0 GiB of memory, linux x64',
    );
    expect(rows.get('version')).toBe('seg 1.2.3, Node 24.1.0');
  });

  it('invents nothing for a run that a program of its own trained', () => {
    expect(facts([]).map(([name]) => name)).toEqual(['training time', 'trained parameters', 'report written']);
  });
});

describe('formatDuration', () => {
  it.each([
    [0.04, '0.0 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 0 s'],
    [3599.6, '1 h 0 min'],
    [90061, '25 h 1 min'],
  ])('%s s is %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('sessions', () => {
  it('are written once, at the first step, and read again in order', async () => {
    const run = join(folder, 'run');
    await mkdir(run);
    const seen: number[] = [];
    const observers = recordingSession({ onProgress: ({ step }) => seen.push(step) }, run, session);
    expect(readSessions(run)).toEqual([]);
    observers.onProgress?.(progress);
    observers.onProgress?.({ ...progress, step: 2 });
    recordingSession({}, run, { ...session, command: 'second' }).onProgress?.(progress);
    expect(seen).toEqual([1, 2]);
    expect(readSessions(run)).toEqual([session, { ...session, command: 'second' }]);
    // A line that a kill cut off is passed over.
    const path = join(run, 'sessions.jsonl');
    await writeFile(path, `${await readFile(path, 'utf8')}{"startedAt": "20`);
    expect(readSessions(run)).toHaveLength(2);
  });

  it('quote what a shell would take apart', () => {
    const { command } = describeSession(['train', '--data', "my data's", '--out=a/b-c.1', '', '$HOME', 'é'], 'cpu');
    expect(command).toBe(`seg train --data 'my data'\\''s' --out=a/b-c.1 '' '$HOME' 'é'`);
  });
});
