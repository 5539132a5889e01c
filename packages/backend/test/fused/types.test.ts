import * as ops from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { relativeError, sumTolerance } from './support.ts';

const shape: [number, number, number, number, number] = [2, 3, 4, 5, 3];
const size = 360;
const whole = (count: number) => Int32Array.from({ length: count }, (_, i) => ((13 * i) % 23) - 11);

/** Each op on whole numbers, stored as `dtype`. */
const cases: readonly [string, (dtype: 'int32' | 'float32') => tf.Tensor][] = [
  ['tf.maxPool3d', (dtype) => tf.maxPool3d(input(dtype), 2, 2, 'same')],
  ['maxPool3d', (dtype) => ops.maxPool3d(input(dtype))],
  ['resizeTrilinear', (dtype) => ops.resizeTrilinear(input(dtype), [6, 5, 3])],
  ['instanceNorm', (dtype) => ops.instanceNorm(input(dtype), tf.tensor1d([1, 2, 3]), tf.tensor1d([0, 1, -1]))],
  [
    'conv3d with bias',
    (dtype) =>
      ops.conv3d(input(dtype), tf.tensor(whole(162), [3, 3, 3, 3, 2], dtype), {
        bias: tf.tensor1d([3, -4], dtype),
      }),
  ],
  ['diceCrossEntropy', (dtype) => ops.diceCrossEntropy(input(dtype), labels())],
];

const input = (dtype: 'int32' | 'float32') => tf.tensor(whole(size), shape, dtype) as tf.Tensor5D;
const labels = () =>
  tf.tensor(
    whole(size / 3).map((v) => Math.abs(v) % 3),
    [2, 3, 4, 5],
    'int32',
  );

test.each(cases)('%s takes whole numbers as plain JavaScript takes floats', async (_, op) => {
  await startBackend({ name: 'cpu' });
  const expected = tf.tidy(() => op('float32').dataSync());
  await startBackend({ name: 'wasm' });
  const before = tf.memory().numTensors;
  const found = tf.tidy(() => {
    const y = op('int32');
    return { dtype: y.dtype, values: y.dataSync() };
  });
  expect(found.dtype).toBe('float32');
  expect(relativeError(found.values, expected)).toBeLessThan(sumTolerance);
  expect(tf.memory().numTensors).toBe(before);
});
