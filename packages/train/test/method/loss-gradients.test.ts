import { accumulateGradients, lossGradients, withoutGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';

describeBackends('lossGradients', () => {
  it('gives the gradient of each parameter the loss depends on and none for others', () => {
    const before = tf.memory().numTensors;
    const values = tf.tidy(() => {
      const a = tf.tensor1d([1, 2]);
      const b = tf.tensor1d([3, 4]);
      const unused = tf.scalar(5);
      const { gradients, metrics } = lossGradients({ net: { a, unused }, other: { b } }, () => ({
        loss: tf.sum(tf.mul(tf.square(a), b)),
        metrics: { size: tf.sum(a), plain: 7 },
      }));
      expect(Object.keys(gradients.net!)).toEqual(['a']);
      return {
        a: gradients.net!.a!.arraySync(),
        b: gradients.other!.b!.arraySync(),
        loss: (metrics.loss as tf.Tensor).dataSync()[0],
        size: (metrics.size as tf.Tensor).dataSync()[0],
        plain: metrics.plain,
      };
    });
    expect(values).toEqual({ a: [6, 16], b: [1, 4], loss: 19, size: 3, plain: 7 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a loss that is no number and one without parameters in it', () => {
    tf.tidy(() => {
      const a = tf.tensor1d([1, 2]);
      expect(() => lossGradients({ net: { a } }, () => tf.square(a))).toThrow(/one number/);
      expect(() => lossGradients({ net: { a } }, () => tf.scalar(1))).toThrow(/depends on none/);
    });
  });

  it('takes what withoutGradients computes as a constant, comparisons included', () => {
    const gradient = tf.tidy(() => {
      const a = tf.tensor1d([1, -2, 3]);
      const { gradients } = lossGradients({ net: { a } }, () => {
        const mask = withoutGradients(() => tf.cast(tf.greater(a, 0), 'float32'));
        return tf.sum(tf.mul(tf.square(a), mask));
      });
      return gradients.net!.a!.arraySync();
    });
    expect((gradient as number[]).map((v) => v + 0)).toEqual([2, 0, 6]); // -0 + 0 is 0
  });

  it('accumulates: means over all losses, sums for per-case groups', () => {
    const before = tf.memory().numTensors;
    const result = tf.tidy(() => {
      const w = tf.scalar(2);
      const latents = { x: tf.scalar(1), y: tf.scalar(3) };
      const cases = ['x', 'y', 'x'] as const;
      const { gradients, metrics } = accumulateGradients(
        3,
        (i) => {
          const id = cases[i]!;
          return lossGradients<'shared' | 'latents'>({ shared: { w }, latents: { [id]: latents[id] } }, () =>
            tf.mul(tf.square(w), latents[id]),
          );
        },
        { perCase: ['latents'] },
      );
      return {
        w: gradients.shared!.w!.dataSync()[0],
        x: gradients.latents!.x!.dataSync()[0],
        y: gradients.latents!.y!.dataSync()[0],
        loss: (metrics.loss as tf.Tensor).dataSync()[0],
      };
    });
    // d(w^2 l)/dw = 2 w l: (4 + 12 + 4) / 3; by a latent: w^2 each time it comes.
    expect(result.w).toBeCloseTo(20 / 3, 5);
    expect(result.x).toBe(8);
    expect(result.y).toBe(4);
    expect(result.loss).toBeCloseTo(20 / 3, 5);
    expect(tf.memory().numTensors).toBe(before);
  });
});
