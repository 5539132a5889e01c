import { startBackend } from '@seg/backend';
import { Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { emptyMemory, updateParameter } from '../../src/optimiser/update-parameter.ts';

const SIZE = 12;
const CHANNELS = 16;
const learningRate = 1e-3;

/** Values of which hardly any are not zero. */
function almostEmpty(rng: Rng): tf.Tensor5D {
  const values = Float32Array.from({ length: SIZE ** 3 * CHANNELS }, () => (rng.bernoulli(0.005) ? rng.normal() : 0));
  return tf.tensor5d(values, [1, SIZE, SIZE, SIZE, CHANNELS]);
}

/** How far one step of Adam moves those weights of a convolution for which every product is zero, at most. */
async function moved(precision: 'fast' | 'direct', epsilon?: number): Promise<number> {
  const backend = await startBackend({ name: 'wasm', threads: 1, precision });
  const rng = Rng.fromSeed(9);
  const [x, dy] = [almostEmpty(rng), almostEmpty(rng)];
  const weights = tf.keep(tf.zeros([3, 3, 3, CHANNELS, CHANNELS])) as tf.Tensor5D;
  const gradientOf = (input: tf.Tensor5D, output: tf.Tensor5D) =>
    tf.grad((w) => tf.conv3d(input, w as tf.Tensor5D, 1, 'same'))(weights, output);
  const gradient = gradientOf(x, dy);
  // Whole numbers, so that sums are exact with either: 0 where no product is there.
  const [ones, sameOnes] = tf.tidy(() => [tf.abs(tf.sign(x)), tf.abs(tf.sign(dy))] as [tf.Tensor5D, tf.Tensor5D]);
  const counts = Array.from(await gradientOf(ones, sameOnes).data(), Math.round);
  const config = { kind: 'adam', learningRate, ...(epsilon === undefined ? {} : { epsilon }) } as const;
  const step = { learningRate, gradScale: 1 };
  const { param } = updateParameter(config, weights, emptyMemory(config, weights), gradient, step);
  const after = await param.data<'float32'>();
  backend.dispose();
  const vanishing = counts.flatMap((count, i) => (count === 0 ? [Math.abs(after[i]!)] : []));
  expect(vanishing.length).toBeGreaterThan(1000);
  // The others move by about the learning rate.
  expect(after.reduce((most, v) => Math.max(most, Math.abs(v)), 0)).toBeCloseTo(learningRate, 5);
  return Math.max(...vanishing);
}

describe('a weight whose gradient is zero in exact arithmetic, in an almost empty volume', () => {
  it('is moved by Adam where rounding stands in for zero, as said of the precision `fast`', async () => {
    expect(await moved('fast')).toBeGreaterThan(learningRate / 2);
  });

  it('stays with the precision `direct`', async () => {
    expect(await moved('direct')).toBe(0);
  });

  it('stays to a part in fifty of the step with a larger epsilon', async () => {
    expect(await moved('fast', 1e-4)).toBeLessThan(learningRate / 50);
  });
});
