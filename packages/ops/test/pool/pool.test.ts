import { isSegError } from '@seg/core';
import { avgPool3d, maxPool3d, type PoolOptions } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkOp, randomValues, type Values } from '../support/gradients.ts';

type Triple = readonly [number, number, number];
interface Window {
  readonly size: Triple;
  readonly strides: Triple;
  readonly before: Triple;
  readonly output: Triple;
}

/** Reduces the voxels of each window that lie inside the volume. */
function poolReference(
  x: Values,
  { size, strides, before, output }: Window,
  reduce: (values: number[]) => number,
): Values {
  const [n, D, H, W, C] = x.shape as [number, number, number, number, number];
  const data: number[] = [];
  for (let b = 0; b < n; b++)
    for (let i = 0; i < output[0]; i++)
      for (let j = 0; j < output[1]; j++)
        for (let k = 0; k < output[2]; k++)
          for (let c = 0; c < C; c++) {
            const values: number[] = [];
            for (let u = 0; u < size[0]; u++)
              for (let v = 0; v < size[1]; v++)
                for (let w = 0; w < size[2]; w++) {
                  const [z, y, xx] = [
                    i * strides[0] - before[0] + u,
                    j * strides[1] - before[1] + v,
                    k * strides[2] - before[2] + w,
                  ];
                  if (z < 0 || y < 0 || xx < 0 || z >= D || y >= H || xx >= W) continue;
                  values.push(x.data[(((b * D + z) * H + y) * W + xx) * C + c]!);
                }
            data.push(reduce(values));
          }
  return { shape: [n, ...output, C], data: Float64Array.from(data) };
}

const cases: readonly { name: string; x: readonly number[]; options: PoolOptions; window: Window }[] = [
  { name: '2 valid, odd sizes, batch 2', x: [2, 5, 4, 3, 2], options: {}, window: { size: [2, 2, 2], strides: [2, 2, 2], before: [0, 0, 0], output: [2, 2, 1] } },
  { name: '(1, 2, 2)', x: [2, 3, 4, 4, 2], options: { size: [1, 2, 2] }, window: { size: [1, 2, 2], strides: [1, 2, 2], before: [0, 0, 0], output: [3, 2, 2] } },
  { name: '2 same, odd sizes', x: [1, 5, 3, 3, 2], options: { padding: 'same' }, window: { size: [2, 2, 2], strides: [2, 2, 2], before: [0, 0, 0], output: [3, 2, 2] } },
  { name: '3 stride 2 same', x: [2, 5, 4, 6, 1], options: { size: 3, strides: 2, padding: 'same' }, window: { size: [3, 3, 3], strides: [2, 2, 2], before: [1, 0, 0], output: [3, 2, 3] } },
  { name: '3 stride 1 same', x: [1, 3, 4, 3, 2], options: { size: 3, strides: 1, padding: 'same' }, window: { size: [3, 3, 3], strides: [1, 1, 1], before: [1, 1, 1], output: [3, 4, 3] } },
  { name: '3 stride 2 padding 1', x: [1, 4, 6, 4, 1], options: { size: 3, strides: 2, padding: 1 }, window: { size: [3, 3, 3], strides: [2, 2, 2], before: [1, 1, 1], output: [2, 3, 2] } },
  { name: '2 stride 1, asymmetric', x: [1, 3, 3, 3, 1], options: { size: 2, strides: 1, padding: [[1, 0], [0, 0], [0, 1]] }, window: { size: [2, 2, 2], strides: [1, 1, 1], before: [1, 0, 0], output: [3, 2, 3] } },
]; // biome-ignore format: a table

describeBackends('pooling', () => {
  it.each(cases)('avgPool3d $name: forward and gradient match float64 loops', ({ x, options, window }) => {
    checkOp({
      inputs: [randomValues(x, 1)],
      op: (x) => avgPool3d(x as tf.Tensor5D, options),
      reference: (x) => poolReference(x!, window, (v) => v.reduce((a, b) => a + b, 0) / v.length),
    });
  });

  it.each(cases)('maxPool3d $name: forward and gradient match float64 loops', ({ x, options, window }) => {
    checkOp({
      inputs: [randomValues(x, 1)],
      op: (x) => maxPool3d(x as tf.Tensor5D, options),
      reference: (x) => poolReference(x!, window, (v) => Math.max(...v)),
    });
  });

  it('maxPool3d gives the gradient to the first of equal maxima, once', () => {
    const before = tf.memory().numTensors;
    const x = tf.zeros([1, 2, 2, 4, 1]) as tf.Tensor5D;
    const gradient = tf.grad((x) => tf.sum(maxPool3d(x as tf.Tensor5D)))(x);
    expect(Array.from(gradient.dataSync())).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    x.dispose();
    gradient.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('maxPool3d refuses padding as wide as the window, which would leave windows without a voxel', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.zeros([1, 4, 4, 4, 1]) as tf.Tensor5D;
      const padded =
        (padding: PoolOptions['padding'], size = 2) =>
        () =>
          maxPool3d(x, { size, padding: padding! });
      const refusal = expect.toSatisfy((e) => isSegError(e, 'invalid-argument') && /window/.test(e.message));
      expect(padded(2)).toThrow(refusal);
      expect(padded([[0, 0], [0, 3], [0, 0]])).toThrow(refusal); // biome-ignore format: one line says it
      expect(padded(1, 1)).toThrow(refusal);
      expect(padded(1)).not.toThrow();
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses windows that do not fit', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 1, 4, 4, 1]) as tf.Tensor5D;
      expect(() => maxPool3d(x)).toThrow(/larger than the padded input/);
      expect(() => avgPool3d(x, { size: 0 })).toThrow(/size/);
    });
  });
});
