import { startBackend } from '@seg/backend';
import { applySgd } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';

it('a step on wasm never writes through a clone that was made on cpu', async () => {
  await startBackend({ name: 'cpu' });
  const before = tf.memory().numTensors;
  const tensors = [tf.tensor1d([1, 2, 3]), tf.zeros([3]), tf.ones([3])] as const;
  const [param, velocity, grad] = tensors;
  const clones = tensors.map((t) => tf.clone(t));
  await startBackend({ name: 'wasm' });
  const next = applySgd({ param, velocity }, grad, { learningRate: 1 });
  expect(Array.from(next.param.dataSync())).toEqual([0, 1, 2]);
  expect(Array.from(next.velocity.dataSync())).toEqual([1, 1, 1]);
  expect(clones.map((t) => Array.from(t.dataSync()))).toEqual([[1, 2, 3], [0, 0, 0], [1, 1, 1]]); // biome-ignore format: one line says it
  tf.dispose([next.param, next.velocity, grad, ...clones]);
  expect(tf.memory().numTensors).toBe(before);
});

it('a step on wasm writes float32 numbers only', async () => {
  await startBackend({ name: 'wasm' });
  const before = tf.memory().numTensors;
  const grad = tf.tensor1d([1, 2, 3], 'int32');
  const next = applySgd({ param: tf.tensor1d([1, 2, 3]), velocity: tf.zeros([3]) }, grad, { learningRate: 0.5 });
  expect(Array.from(next.param.dataSync())).toEqual([0.5, 1, 1.5]);
  tf.dispose([next.param, next.velocity, grad]);
  expect(tf.memory().numTensors).toBe(before);
});
