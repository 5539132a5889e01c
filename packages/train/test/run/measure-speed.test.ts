import { startBackend } from '@seg/backend';
import { measureTrainingSpeed } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';

it('measureTrainingSpeed divides the work of three forward passes by the fastest pass after the first', async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  const before = tf.memory().numTensors;
  // A clock that says 10 s, 4 s and 2 s for the three passes.
  const times = [0, 10_000, 20_000, 24_000, 30_000, 32_000];
  const speed = await measureTrainingSpeed(() => times.shift()!);
  // Two convolutions a stage at 32 cubed (1, 16 -> 16) and 16 cubed (16, 32 -> 32), two in the decoder (32, 16 -> 16).
  const products = 27 * (32 ** 3 * 16 * (1 + 16 + 32 + 16) + 16 ** 3 * 32 * (16 + 32));
  expect(speed).toBeCloseTo((3 * 2 * products) / 1e9 / 2, 9);
  expect(tf.memory().numTensors).toBe(before);
});
