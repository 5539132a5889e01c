import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import { digammaTensor, logGammaTensor } from '../src/index.ts';
import { digamma, logGamma } from '../src/t-loss/gamma-functions.ts';

interface Point {
  readonly x: number;
  readonly logGamma: number;
  readonly digamma: number;
}
const golden = JSON.parse(readFileSync(new URL('../fixtures/golden_losses.json', import.meta.url), 'utf8')) as {
  readonly gamma: readonly Point[];
};

it.each(golden.gamma)('logGamma and digamma of $x equal SciPy', ({ x, ...expected }) => {
  const tolerance = 1e-12; // relative, float64
  expect(Math.abs(logGamma(x) - expected.logGamma)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected.logGamma)));
  expect(Math.abs(digamma(x) - expected.digamma)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected.digamma)));
});

describeBackends('gamma functions of tensors', () => {
  it('equal SciPy within float32', async () => {
    const before = tf.memory().numTensors;
    const of = (f: (x: tf.Tensor) => tf.Tensor) => tf.tidy(() => f(tf.tensor1d(golden.gamma.map(({ x }) => x))));
    for (const [f, name] of [
      [logGammaTensor, 'logGamma'],
      [digammaTensor, 'digamma'],
    ] as const) {
      const result = of(f);
      const values = await result.data();
      result.dispose();
      // Near its zeros a function is a difference of terms of about its argument's logarithm.
      for (const [i, point] of golden.gamma.entries()) {
        expect(Math.abs(values[i]! - point[name])).toBeLessThan(2e-5 * Math.max(1, Math.abs(point[name])));
      }
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
