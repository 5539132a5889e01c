import { Rng } from '@seg/core';
import { dropout } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

describeBackends('dropout', () => {
  it('drops about the asked share, scales the rest, and its gradient is the same mask', () => {
    const before = tf.memory().numTensors;
    const x = tf.ones([2, 8, 8, 8, 4]);
    const y = dropout(x, 0.25, Rng.fromSeed(1));
    const values = Array.from(y.dataSync());
    const zeros = values.filter((v) => v === 0).length / values.length;
    expect(Math.abs(zeros - 0.25)).toBeLessThan(0.034); // five standard deviations of 4096 draws
    expect(values.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6)).toBe(true);
    const gradient = tf.grad((x) => tf.sum(dropout(x, 0.25, Rng.fromSeed(1))))(x);
    expect(Array.from(gradient.dataSync())).toEqual(values);
    tf.dispose([x, y, gradient]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is a function of the key: same state same mask, and a used generator moves on', () => {
    tf.tidy(() => {
      const x = tf.ones([1, 4, 4, 4, 2]);
      const rng = Rng.fromSeed(5);
      const state = rng.state;
      const first = Array.from(dropout(x, 0.5, rng).dataSync());
      expect(Array.from(dropout(x, 0.5, rng).dataSync())).not.toEqual(first);
      expect(Array.from(dropout(x, 0.5, Rng.fromState(state)).dataSync())).toEqual(first);
    });
  });

  it('drops whole channels of a sample when asked', () => {
    tf.tidy(() => {
      const y = dropout(tf.ones([4, 2, 2, 2, 8]), 0.5, Rng.fromSeed(2), { kind: 'channel' });
      const [low, high] = [tf.min(y, [1, 2, 3]).dataSync(), tf.max(y, [1, 2, 3]).dataSync()];
      expect(Array.from(low)).toEqual(Array.from(high));
      expect(new Set(low)).toEqual(new Set([0, 2]));
    });
  });

  it('does nothing at rate 0, and refuses rates and kinds that are none', () => {
    tf.tidy(() => {
      const x = tf.ones([2, 3]);
      const rng = Rng.fromSeed(1);
      const { state } = rng;
      expect(Array.from(dropout(x, 0, rng).dataSync())).toEqual([1, 1, 1, 1, 1, 1]);
      expect(rng.state).toEqual(state);
      for (const rate of [1, -0.1, Number.NaN]) expect(() => dropout(x, rate, rng)).toThrow(/rate/);
      expect(() => dropout(x, 0.5, rng, { kind: 'chanel' as never })).toThrow(/Did you mean "channel"/);
    });
  });
});
