import { applySgd, diceCrossEntropy, instanceNorm, maxPool3d } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { listBackends } from '../../src/node/index.ts';

const [installed] = listBackends();
const toMiB = 2 ** -20;
// Room for the allocator and for the engine's own growth; 60 tensors of 4 MiB would be 240.
const allowedGrowth = 60;

describe.skipIf(installed === undefined)('kernels of the native backend', () => {
  beforeAll(async () => {
    await startBackend({ name: installed!.name, threads: 2, allowCpuFallback: true });
  });

  const step = () => {
    const x = tf.ones([2, 16, 16, 32, 64]) as tf.Tensor5D;
    const [scale, offset] = [tf.ones([64]), tf.zeros([64])];
    const gradients = tf.grads((x, scale, offset) =>
      tf.sum(maxPool3d(instanceNorm(x as tf.Tensor5D, scale!, offset!, { negativeSlope: 0.01 }))),
    )([x, scale, offset]);
    tf.dispose([x, scale, offset, gradients]);
  };

  test('200 steps leave no tensor, no byte and no native memory', () => {
    for (let i = 0; i < 50; i++) step();
    const { numTensors, numBytes } = tf.memory();
    const before = process.memoryUsage().rss * toMiB;
    for (let i = 0; i < 200; i++) step();
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    expect(process.memoryUsage().rss * toMiB - before).toBeLessThan(allowedGrowth);
  });

  test('nor do 200 losses and updates, each at a learning rate of its own', () => {
    const labels = tf.ones([1, 8, 16, 16], 'int32');
    let state = {
      param: tf.randomNormal([1, 8, 16, 16, 64], 0, 1, 'float32', 1) as tf.Tensor,
      velocity: tf.zeros([1, 8, 16, 16, 64]) as tf.Tensor,
    };
    const update = (i: number) => {
      const gradient = tf.grad((x) => diceCrossEntropy(x as tf.Tensor5D, labels))(state.param);
      state = applySgd(state, gradient, { learningRate: 1 / (i + 1), momentum: 0.9, nesterov: true });
      gradient.dispose();
    };
    for (let i = 0; i < 50; i++) update(i);
    const { numTensors, numBytes } = tf.memory();
    const before = process.memoryUsage().rss * toMiB;
    for (let i = 50; i < 250; i++) update(i);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    expect(process.memoryUsage().rss * toMiB - before).toBeLessThan(allowedGrowth);
    tf.dispose([state.param, state.velocity, labels]);
  });

  test('an update changes neither what the parameter was made from nor a view of it', () => {
    const values = Float32Array.of(1, 2, 3, 4);
    const [param, velocity, grad] = [tf.tensor1d(values), tf.zeros([4]), tf.ones([4])];
    const view = tf.reshape(param, [2, 2]);
    const state = applySgd({ param, velocity }, grad, { learningRate: 0.5 });
    expect([...state.param.dataSync()]).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect([...view.dataSync()]).toEqual([1, 2, 3, 4]);
    view.dispose();
    const next = applySgd(state, grad, { learningRate: 0.5 });
    expect([...next.param.dataSync()]).toEqual([0, 1, 2, 3]);
    expect([...values]).toEqual([1, 2, 3, 4]);
    tf.dispose([next.param, next.velocity, grad]);
  });

  test('max-pooling keeps NaN', () => {
    const x = tf.tensor5d([1, Number.NaN, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2, 1]);
    const y = maxPool3d(x);
    expect(y.dataSync()[0]).toBeNaN();
    tf.dispose([x, y]);
  });

  test('the filter gradient of a large volume is that of TensorFlow', () => {
    const x = tf.randomNormal([2, 33, 32, 32, 32], 0, 1, 'float32', 1) as tf.Tensor5D;
    const dy = tf.randomNormal([2, 33, 32, 32, 4], 0, 1, 'float32', 2) as tf.Tensor5D;
    const gradient = (channels: tf.Tensor5D) => {
      const filterShape = [3, 3, 3, 32, channels.shape[4]];
      const attrs = { strides: [1, 1, 1], pad: 'same', filterShape };
      return tf.engine().runKernel<tf.Tensor>('Conv3DBackpropFilterV2', { x, dy: channels }, attrs);
    };
    const found = gradient(dy);
    // With more than 32 outputs it is TensorFlow's own.
    const wide = tf.pad(dy, [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 29],
    ]);
    const own = gradient(wide);
    const expected = tf.slice(own, [0, 0, 0, 0, 0], [3, 3, 3, 32, 4]);
    const error = tf.div(tf.max(tf.abs(tf.sub(found, expected))), tf.max(tf.abs(expected)));
    expect(error.dataSync()[0]).toBeLessThan(1e-4);
    tf.dispose([x, dy, found, wide, own, expected, error]);
  });

  test('max-pooling gives the gradient of equal values to the first', () => {
    const x = tf.ones([1, 3, 2, 4, 1]) as tf.Tensor5D;
    const gradient = tf.grad((x) => maxPool3d(x as tf.Tensor5D, { size: [3, 2, 2] }))(x);
    const expected = new Float32Array(24);
    expected[0] = 1;
    expected[2] = 1;
    expect(gradient.dataSync()).toEqual(expected);
    tf.dispose([x, gradient]);
  });
});
