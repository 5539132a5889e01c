import { readFileSync } from 'node:fs';
import { learnableTLossFromSquares, tLossFromSquares, tLossNuGradient } from '@seg/losses';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

interface Point {
  readonly lnNu: number;
  readonly dimension: number;
  readonly squares: number;
  readonly value: number;
  readonly byLnNu: number;
  readonly bySquares: number;
  readonly scale: number;
}

const { points } = JSON.parse(readFileSync(new URL('../fixtures/golden_t_loss.json', import.meta.url), 'utf8')) as {
  readonly points: readonly Point[];
};

/** Float32, of terms of up to about 14 in size. */
const VALUE_TOLERANCE = 4e-6;
/** Float32, relative; ln nu of up to 18 costs a few units in exp. */
const GRADIENT_TOLERANCE = 1e-5;
/** Float64, relative. */
const EXACT_TOLERANCE = 1e-9;

it('covers nu from far below D to far above it', () => {
  const ratios = points.map(({ lnNu, dimension }) => Math.exp(lnNu) / dimension);
  expect(Math.min(...ratios)).toBeLessThan(1e-8);
  expect(Math.max(...ratios)).toBeGreaterThan(9e7);
});

it('tLossNuGradient has the derivative of 60 digits for every nu', () => {
  for (const { lnNu, dimension, squares, byLnNu, scale } of points) {
    const nu = Math.exp(lnNu);
    const got = nu * tLossNuGradient([squares], dimension, { nu });
    expect(Math.abs(got - byLnNu) / scale).toBeLessThan(EXACT_TOLERANCE);
  }
});

describeBackends('the T-loss against 60 digits', () => {
  it('tLossFromSquares has the value for every nu', () => {
    tf.tidy(() => {
      for (const { lnNu, dimension, squares, value } of points) {
        const got = tLossFromSquares(tf.tensor1d([squares]), dimension, { nu: Math.exp(lnNu) }).dataSync()[0]!;
        expect(Math.abs(got - value)).toBeLessThan(VALUE_TOLERANCE);
      }
    });
  });

  it('learnableTLossFromSquares has the value and both derivatives for every nu', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      for (const { lnNu, dimension, squares, value, byLnNu, bySquares, scale } of points) {
        const apply = (s: tf.Tensor, l: tf.Tensor) =>
          tf.sum(learnableTLossFromSquares(s as tf.Tensor1D, tf.tensor1d([dimension]), l as tf.Scalar));
        const result = tf.valueAndGrads(apply)([tf.tensor1d([squares]), tf.scalar(lnNu)]);
        expect(Math.abs(result.value.dataSync()[0]! - value)).toBeLessThan(VALUE_TOLERANCE);
        expect(Math.abs(result.grads[1]!.dataSync()[0]! - byLnNu) / scale).toBeLessThan(GRADIENT_TOLERANCE);
        expect(Math.abs(result.grads[0]!.dataSync()[0]! / bySquares - 1)).toBeLessThan(GRADIENT_TOLERANCE);
      }
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('images of different D keep to themselves', () => {
    tf.tidy(() => {
      const several = points.filter(({ lnNu }) => lnNu === points[60]!.lnNu);
      const of = (name: 'squares' | 'dimension') => tf.tensor1d(several.map((point) => point[name]));
      const got = learnableTLossFromSquares(of('squares'), of('dimension'), tf.scalar(several[0]!.lnNu)).dataSync();
      several.forEach(({ value }, i) => {
        expect(Math.abs(got[i]! - value)).toBeLessThan(VALUE_TOLERANCE);
      });
    });
  });
});
