import { startBackend } from '@seg/backend';
import { Rng } from '@seg/core';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { outOfFoldErrors } from '../src/curate/predictors.ts';
import { timeBudget } from '../src/curate/time-budget.ts';
import type { MapCase } from '../src/index.ts';

const shape = [2, 4, 4] as const;
const cases = Array.from({ length: 4 }, (_, i): MapCase => {
  const label = new Uint8Array(32).fill(1, 8 + i, 20);
  const rng = Rng.fromSeed(i);
  return {
    info: { id: `case ${i}`, labelled: true },
    shape,
    channels: 1,
    image: Float32Array.from(label, (v) => v + rng.normal(0, 0.3)),
    label,
    start: [0, 0, 0],
    size: [1, 1, 1],
    spacingMm: [1, 1, 1],
    volumeMl: 1,
  };
});

it('plans the folds for the time that a step is seen to take, or is cut off by the clock', async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  const before = tf.memory().numTensors;
  const run = async (fitToTime: boolean, steps: number, seconds: number) => {
    let now = 0;
    // Each look at the clock, one a step, takes a second.
    const clock = () => (now += 1000);
    const totals = new Set<number>();
    const { errors, steps: done } = await outOfFoldErrors(cases, {
      network: hyperSortUnet({ baseFeatures: 2, levels: 1, convs: 1 }),
      folds: 2,
      steps,
      fitToTime,
      seed: 1,
      seconds,
      budget: timeBudget(1e6, clock, undefined),
      onStep: (_, total) => totals.add(total),
    });
    expect(errors.every((e) => e >= 0 && e <= 1)).toBe(true);
    return { done, totals: [...totals] };
  };
  // 85 % of 100 s for two folds, at two looks a step while it is timed.
  expect((await run(true, 60, 100)).totals).toEqual([42]);
  expect(await run(true, 30, 300)).toEqual({ done: 30, totals: [60] });
  expect((await run(true, 60, 4)).totals).toEqual([40]);
  expect((await run(true, 5, 100)).totals).toEqual([40]);
  const cut = await run(false, 60, 100);
  expect(cut.totals).toEqual([120]);
  expect(cut.done).toBeGreaterThan(45);
  expect(cut.done).toBeLessThan(55);
  expect(tf.memory().numTensors).toBe(before);
}, 60_000);
