import { Rng } from '@seg/core';
import { randomNormal } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

describeBackends('randomNormal', () => {
  it('holds the numbers of the generator, mean and standard deviation applied', () => {
    const before = tf.memory().numTensors;
    const tensor = randomNormal([2, 3, 5], Rng.fromSeed(7), { mean: -2, standardDeviation: 3 });
    const standard = Rng.fromSeed(7).fillNormal(new Float64Array(30));
    expect(tensor.shape).toEqual([2, 3, 5]);
    expect(tensor.dtype).toBe('float32');
    Array.from(tensor.dataSync()).forEach((value, i) => {
      expect(value).toBeCloseTo(3 * standard[i]! - 2, 5);
    });
    tensor.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('moves its generator on, and has the moments of a normal distribution', () => {
    tf.tidy(() => {
      const rng = Rng.fromSeed(1);
      const [first, second] = [randomNormal([20_000], rng), randomNormal([20_000], rng)];
      const { mean, variance } = tf.moments(first);
      // Four standard errors: 4 / sqrt(n), and 4 sqrt(2 / n).
      expect(Math.abs(mean.dataSync()[0]!)).toBeLessThan(0.029);
      expect(Math.abs(variance.dataSync()[0]! - 1)).toBeLessThan(0.04);
      expect(Math.abs(tf.mean(tf.mul(first, second)).dataSync()[0]!)).toBeLessThan(0.029);
    });
  });

  it('makes scalars and empty tensors', () => {
    tf.tidy(() => {
      expect(randomNormal([], Rng.fromSeed(1)).shape).toEqual([]);
      expect(randomNormal([0, 3], Rng.fromSeed(1)).size).toBe(0);
    });
  });
});
