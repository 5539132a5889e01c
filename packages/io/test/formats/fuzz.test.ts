import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runFuzz } from '../fuzz/run-fuzz.ts';

const folder = await mkdtemp(join(tmpdir(), 'seg-fuzz-'));
afterAll(() => rm(folder, { recursive: true }));

it('answers 10000 damaged files with a description or a SegError', async () => {
  const { crashes, values, refusals } = await runFuzz(folder, 10_000, 20);
  expect(crashes).toEqual([]);
  // Both outcomes must be common, or the damage tests nothing.
  expect(values).toBeGreaterThan(1000);
  expect(refusals['corrupt-data']).toBeGreaterThan(1000);
  expect(values + Object.values(refusals).reduce((sum, n) => sum + n, 0)).toBe(10_000);
});
