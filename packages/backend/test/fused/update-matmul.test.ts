import { applyAdam } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { startBackend } from '../../src/index.ts';

beforeAll(() => startBackend({ name: 'wasm', threads: 1 }));

it('a matrix product sees weights that an optimiser changed in place', () => {
  const x = tf.tensor2d([[1, 2]]);
  let param: tf.Tensor = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const gradient = tf.onesLike(param);
  const product = () => tf.tidy(() => [...tf.matMul(x, param as tf.Tensor2D).dataSync()]);
  expect(product()).toEqual([7, 10]);
  const state = { param, first: tf.zerosLike(param), second: tf.zerosLike(param) };
  const next = applyAdam(state, gradient, { learningRate: 1, step: 1 });
  param = next.param;
  // Adam's first step is the learning rate times the gradient's sign: every weight falls by 1, each product by 3.
  product().forEach((v, i) => {
    expect(Math.abs(v - [4, 7][i]!)).toBeLessThan(1e-5);
  });
  tf.dispose([x, gradient, next.param, next.first, next.second]);
});
