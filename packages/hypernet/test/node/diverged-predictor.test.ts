import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { SegError } from '@seg/core';
import { writePhantomDataset } from '@seg/io/node';
import { expect, it, vi } from 'vitest';
import { curateDataset } from '../../src/node/index.ts';

vi.mock('../../src/baselines/train-sentinel.ts', () => ({
  trainSentinel: () =>
    Promise.reject(new SegError('numerical-failure', { where: 'fit', problem: 'the loss is not finite' })),
}));

it('leaves the column of a predictor empty whose training diverged', async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  const folder = await mkdtemp(join(tmpdir(), 'diverged-'));
  try {
    const data = join(folder, 'data');
    await writePhantomDataset(data, { cases: 8, shape: [20, 24, 20], spacingMm: [8, 8, 8] });
    const grid = { shape: [8, 8, 8], spacingMm: [20, 24, 20], centre: 'image' } as const;
    const { ranking, warnings } = await curateDataset({
      data,
      out: join(folder, 'run'),
      plan: { grid, baseFeatures: 2, levels: 1, epochs: 1 },
    });
    expect(warnings).toEqual([
      'quality regressor is missing: fit: the loss is not finite.',
      expect.stringMatching(/^label_disagreement is the dominant style's error alone/),
    ]);
    expect(ranking.map((row) => row.quality_sentinel)).toEqual(ranking.map(() => Number.NaN));
    const [head, line] = (await readFile(join(folder, 'run', 'ranking.csv'), 'utf8')).split('\n');
    expect(line!.split(',')[head!.split(',').indexOf('quality_sentinel')]).toBe('');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
