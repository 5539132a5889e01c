import { leakyRelu, prelu } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkOp, randomValues } from '../support/gradients.ts';

describeBackends('activations', () => {
  it.each([0, 0.01, 0.3])('leakyRelu with slope %d: forward and gradient match plain loops', (slope) => {
    checkOp({
      inputs: [randomValues([2, 2, 3, 2, 3], 1)],
      op: (x) => leakyRelu(x!, slope),
      reference: (x) => ({ shape: x!.shape, data: x!.data.map((v) => (v > 0 ? v : slope * v)) }),
    });
  });

  it('leakyRelu has the negative slope at 0 and a second derivative', () => {
    const first = (v: number) =>
      tf.tidy(
        () =>
          tf
            .grad((x) => tf.sum(leakyRelu(x, 0.2)))(tf.tensor1d([v]))
            .dataSync()[0],
      );
    expect(first(0)).toBeCloseTo(0.2, 6);
    const square = (x: tf.Tensor) => tf.sum(tf.square(leakyRelu(x, 0.5)));
    const second = tf.tidy(() =>
      tf
        .grad((x) => tf.sum(tf.grad(square)(x)))(tf.tensor1d([-2, 3]))
        .dataSync(),
    );
    expect(Array.from(second)).toEqual([0.5, 2]);
  });

  it('prelu: forward and both gradients match plain loops', () => {
    checkOp({
      inputs: [randomValues([2, 2, 3, 2, 3], 1), randomValues([3], 2)],
      op: (x, slope) => prelu(x as tf.Tensor5D, slope!),
      reference: (x, slope) => ({
        shape: x!.shape,
        data: x!.data.map((v, i) => (v > 0 ? v : slope!.data[i % 3]! * v)),
      }),
    });
  });

  it('prelu refuses slopes that do not fit', () => {
    tf.tidy(() => {
      expect(() => prelu(tf.zeros([1, 1, 1, 1, 2]) as tf.Tensor5D, tf.zeros([1]))).toThrow(/slope/);
    });
  });
});
