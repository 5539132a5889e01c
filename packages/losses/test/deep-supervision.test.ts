import {
  crossEntropyLoss,
  type DeepSupervisionLossOptions,
  deepSupervisionLoss,
  deepSupervisionWeights,
  resizeLabelsNearest,
} from '@seg/losses';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

describeBackends('deep supervision', () => {
  it("has nnU-Net's weights", () => {
    const rounded = (n: number) => deepSupervisionWeights(n).map((w) => Number(w.toFixed(3)));
    expect(rounded(1)).toEqual([1]);
    expect(rounded(2)).toEqual([1, 0]);
    expect(rounded(3)).toEqual([0.667, 0.333, 0]);
    expect(rounded(4)).toEqual([0.571, 0.286, 0.143, 0]);
    expect(rounded(6)).toEqual([0.516, 0.258, 0.129, 0.065, 0.032, 0]);
    expect(() => deepSupervisionWeights(0)).toThrow(/positive integer/);
  });

  it('resizes labels as PyTorch nearest-exact does', () => {
    tf.tidy(() => {
      // F.interpolate(torch.arange(n).float()[None, None], m, mode='nearest-exact')
      const line = (n: number, m: number) =>
        Array.from(resizeLabelsNearest(tf.reshape(tf.range(0, n, 1, 'int32'), [1, 1, 1, n]), [1, 1, m]).dataSync());
      expect(line(8, 4)).toEqual([1, 3, 5, 7]);
      expect(line(5, 3)).toEqual([0, 2, 4]);
      expect(line(3, 5)).toEqual([0, 0, 1, 2, 2]);
      const labels = tf.reshape(tf.range(0, 16, 1, 'int32'), [1, 4, 2, 2]);
      const half = resizeLabelsNearest(labels, [2, 1, 1]);
      expect(half.dtype).toBe('int32');
      expect(Array.from(half.dataSync())).toEqual([7, 15]);
      expect(() => resizeLabelsNearest(tf.zeros([2, 2]), [1, 1, 1])).toThrow(/\[N, D, H, W\]/);
    });
  });

  it('sums the weighted losses of the outputs, gradients too, and skips weight 0', () => {
    const before = tf.memory().numTensors;
    const fine = tf.randomNormal([2, 4, 4, 4, 3], 0, 1, 'float32', 1) as tf.Tensor5D;
    const coarse = tf.randomNormal([2, 2, 2, 2, 3], 0, 1, 'float32', 2) as tf.Tensor5D;
    const poison = tf.fill([2, 1, 1, 1, 3], Number.NaN) as tf.Tensor5D;
    const labels = tf.tensor(
      Array.from({ length: 128 }, (_, i) => i % 3),
      [2, 4, 4, 4],
      'int32',
    );
    const halved = resizeLabelsNearest(labels, [2, 2, 2]);
    const total = deepSupervisionLoss([fine, coarse, poison], labels, crossEntropyLoss);
    const parts = [crossEntropyLoss(fine, labels), crossEntropyLoss(coarse, halved)];
    const expected = (2 * parts[0]!.dataSync()[0]! + parts[1]!.dataSync()[0]!) / 3;
    expect(total.dataSync()[0]).toBeCloseTo(expected, 5);
    const gradient = tf.grad((z) =>
      deepSupervisionLoss([fine, z as tf.Tensor5D], labels, crossEntropyLoss, { weights: [1, 0.5] }),
    )(coarse);
    const direct = tf.grad((z) => tf.mul(crossEntropyLoss(z as tf.Tensor5D, halved), 0.5))(coarse);
    const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(gradient, direct))).dataSync()[0]!);
    expect(difference).toBeLessThan(1e-7); // the same float32 computation
    tf.dispose([fine, coarse, poison, labels, halved, total, ...parts, gradient, direct]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<readonly [string, DeepSupervisionLossOptions]>([
    ['default weights', {}],
    ['weights of its own', { weights: [0, 1, 0] }],
  ])('has a gradient for every output with %s: zeros where the weight is 0', (_, options) => {
    const before = tf.memory().numTensors;
    const outputs = [4, 2, 1].map((n) => tf.randomNormal([1, n, n, n, 2], 0, 1, 'float32', n) as tf.Tensor5D);
    const labels = tf.ones([1, 4, 4, 4], 'int32');
    const weights = options.weights ?? [2 / 3, 1 / 3, 0];
    const run = (...z: tf.Tensor[]) => deepSupervisionLoss(z as tf.Tensor5D[], labels, crossEntropyLoss, options);
    const { value, grads } = tf.valueAndGrads(run)(outputs);
    tf.tidy(() => {
      const expected = outputs.map((z, s) => {
        const loss = (z: tf.Tensor) => crossEntropyLoss(z as tf.Tensor5D, tf.ones(z.shape.slice(0, 4), 'int32'));
        const alone = tf.valueAndGrad(loss)(z);
        expect(grads[s]!.shape).toEqual(z.shape);
        const difference = tf.max(tf.abs(tf.sub(grads[s]!, tf.mul(alone.grad, weights[s]!)))).dataSync()[0]!;
        expect(difference).toBeLessThan(1e-7); // the same float32 computation
        return weights[s]! * alone.value.dataSync()[0]!;
      });
      expect(value.dataSync()[0]).toBeCloseTo(
        expected.reduce((a, b) => a + b),
        6,
      );
    });
    tf.dispose([...outputs, labels, value, ...grads]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses weights that do not fit', () => {
    tf.tidy(() => {
      const z = tf.zeros([1, 2, 2, 2, 2]) as tf.Tensor5D;
      const y = tf.zeros([1, 2, 2, 2], 'int32');
      expect(() => deepSupervisionLoss([], y, crossEntropyLoss)).toThrow();
      expect(() => deepSupervisionLoss([z], y, crossEntropyLoss, { weights: [0] })).toThrow(/at least one above 0/);
      expect(() => deepSupervisionLoss([z], y, crossEntropyLoss, { weights: [1, 1] })).toThrow(/one weight an output/);
    });
  });
});
