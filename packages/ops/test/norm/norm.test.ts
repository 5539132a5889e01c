import { isSegError } from '@seg/core';
import { batchNorm, groupNorm, instanceNorm } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkOp, randomValues, relativeError, toTensor, type Values } from '../support/gradients.ts';

/** Norm over all voxels of one sample (or of the batch) and group of channels, by plain loops. */
function normReference(x: Values, scale: Values, offset: Values, groups: number, slope: number, batch = false): Values {
  const C = x.shape[4]!;
  const voxels = x.data.length / C;
  const perSample = voxels / x.shape[0]!;
  const y = new Float64Array(x.data.length);
  const setOf = (v: number, c: number) => `${batch ? 0 : Math.floor(v / perSample)}/${Math.floor((c * groups) / C)}`;
  const members = new Map<string, number[]>();
  for (let v = 0; v < voxels; v++)
    for (let c = 0; c < C; c++) {
      const key = setOf(v, c);
      if (!members.has(key)) members.set(key, []);
      members.get(key)!.push(v * C + c);
    }
  for (const indices of members.values()) {
    const mean = indices.reduce((s, i) => s + x.data[i]!, 0) / indices.length;
    const variance = indices.reduce((s, i) => s + (x.data[i]! - mean) ** 2, 0) / indices.length;
    for (const i of indices) {
      const z = (scale.data[i % C]! * (x.data[i]! - mean)) / Math.sqrt(variance + 1e-5) + offset.data[i % C]!;
      y[i] = z > 0 ? z : slope * z;
    }
  }
  return { shape: x.shape, data: y };
}

const inputs = (shape: readonly number[]) => [
  randomValues(shape, 1),
  randomValues([shape[4]!], 2),
  randomValues([shape[4]!], 3),
];

describeBackends('norms', () => {
  it.each([
    { name: 'plain', negativeSlope: 1 },
    { name: 'with leaky ReLU', negativeSlope: 0.01 },
    { name: 'with ReLU', negativeSlope: 0 },
  ])('instanceNorm $name: forward and gradients match float64 loops', ({ negativeSlope }) => {
    checkOp({
      inputs: inputs([2, 3, 4, 3, 3]),
      op: (x, scale, offset) => instanceNorm(x as tf.Tensor5D, scale!, offset!, { negativeSlope }),
      reference: (x, scale, offset) => normReference(x!, scale!, offset!, 3, negativeSlope),
    });
  });

  it.each([1, 2, 3, 6])('groupNorm with %i groups: forward and gradients match float64 loops', (groups) => {
    checkOp({
      inputs: inputs([2, 2, 3, 3, 6]),
      op: (x, scale, offset) => groupNorm(x as tf.Tensor5D, scale!, offset!, { groups, negativeSlope: 0.1 }),
      reference: (x, scale, offset) => normReference(x!, scale!, offset!, groups, 0.1),
    });
  });

  it('batchNorm in training: forward and gradients match float64 loops', () => {
    checkOp({
      inputs: inputs([3, 2, 3, 2, 2]),
      op: (x, scale, offset) => batchNorm(x as tf.Tensor5D, scale!, offset!, { training: true, negativeSlope: 0.2 }),
      reference: (x, scale, offset) => normReference(x!, scale!, offset!, 2, 0.2, true),
    });
  });

  it('batchNorm reports running statistics as PyTorch does, and uses them outside training', () => {
    const before = tf.memory().numTensors;
    const x = randomValues([2, 1, 2, 2, 1], 4);
    const values = Array.from(x.data);
    const mean = values.reduce((a, b) => a + b) / 8;
    const unbiased = values.reduce((s, v) => s + (v - mean) ** 2, 0) / 7;
    const [input, ones, zeros] = [toTensor(x) as tf.Tensor5D, tf.ones([1]), tf.zeros([1])];
    const running = { runningMean: tf.tensor1d([2]), runningVariance: tf.tensor1d([3]) };
    let updated: tf.Tensor[] = [];
    batchNorm(input, ones, zeros, { training: true, ...running, onStatistics: (m, v) => (updated = [m, v]) }).dispose();
    expect(updated[0]!.dataSync()[0]).toBeCloseTo(0.9 * 2 + 0.1 * mean, 5);
    expect(updated[1]!.dataSync()[0]).toBeCloseTo(0.9 * 3 + 0.1 * unbiased, 5);
    const y = batchNorm(input, ones, zeros, { training: false, ...running });
    expect(
      relativeError(
        y.dataSync(),
        values.map((v) => (v - 2) / Math.sqrt(3 + 1e-5)),
      ),
    ).toBeLessThan(1e-5); // float32
    for (const t of [input, ones, zeros, y, running.runningMean, running.runningVariance, ...updated]) t.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps precision when the mean is large against the spread', () => {
    const x = randomValues([1, 4, 4, 4, 2], 5);
    const shifted = { shape: x.shape, data: x.data.map((v) => Math.fround(100 + v)) };
    const [scale, offset] = [randomValues([2], 6), randomValues([2], 7)];
    const expected = normReference(shifted, scale, offset, 2, 1);
    const error = tf.tidy(() => {
      const y = instanceNorm(toTensor(shifted) as tf.Tensor5D, toTensor(scale), toTensor(offset));
      return relativeError(y.dataSync(), expected.data);
    });
    expect(error).toBeLessThan(1e-4); // 100 / spread of 1 costs two of float32's seven digits
  });

  it('refuses groups and vectors that do not fit', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 2, 2, 2, 4]) as tf.Tensor5D;
      const v = tf.ones([4]);
      expect(() => groupNorm(x, v, v, { groups: 3 })).toThrow(/groups must divide/);
      expect(() => instanceNorm(x, tf.ones([3]), v)).toThrow(/scale/);
      const missing = () => batchNorm(x, v, v, { training: false });
      expect(missing).toThrow(/running statistics/);
      try {
        missing();
      } catch (error) {
        expect(isSegError(error, 'invalid-argument')).toBe(true);
      }
    });
  });
});
