import { type AdamOptions, applyAdam, applySgd, conv3d, type SgdOptions } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { randomValues, relativeError, toTensor } from '../support/gradients.ts';

const tolerance = 1e-5; // a few float32 roundings a step

describeBackends('optimiser steps', () => {
  it.each([
    { learningRate: 0.1 },
    { learningRate: 0.1, momentum: 0.9 },
    { learningRate: 0.01, momentum: 0.99, nesterov: true, weightDecay: 3e-3, gradScale: 0.5 },
  ] satisfies SgdOptions[])('applySgd with %o follows PyTorch in float64 for four steps', (options) => {
    const before = tf.memory().numTensors;
    const { learningRate, momentum = 0, nesterov = false, weightDecay = 0, gradScale = 1 } = options as SgdOptions;
    const start = randomValues([3, 5, 7], 1);
    const expected = start.data.slice();
    const velocity = new Float64Array(expected.length);
    let state = { param: toTensor(start), velocity: tf.zeros(start.shape as number[]) as tf.Tensor };
    for (let step = 1; step <= 4; step++) {
      const gradient = randomValues(start.shape, 10 + step);
      for (let i = 0; i < expected.length; i++) {
        const g = gradScale * gradient.data[i]! + weightDecay * expected[i]!;
        velocity[i] = momentum * velocity[i]! + g;
        expected[i]! -= learningRate * (nesterov ? g + momentum * velocity[i]! : velocity[i]!);
      }
      const grad = toTensor(gradient);
      state = applySgd(state, grad, options);
      grad.dispose();
    }
    expect(relativeError(state.param.dataSync(), expected)).toBeLessThan(tolerance);
    expect(relativeError(state.velocity.dataSync(), velocity)).toBeLessThan(tolerance);
    tf.dispose([state.param, state.velocity]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    { learningRate: 0.01 },
    { learningRate: 0.01, beta1: 0.7, beta2: 0.9, weightDecay: 0.1, gradScale: 2 },
    { learningRate: 0.01, weightDecay: 0.1, decoupled: true, epsilon: 1e-3 },
  ])('applyAdam with %o follows PyTorch in float64 for four steps', (options) => {
    const before = tf.memory().numTensors;
    const {
      learningRate,
      beta1 = 0.9,
      beta2 = 0.999,
      epsilon = 1e-8,
      weightDecay = 0,
      decoupled = false,
      gradScale = 1,
    } = options as Omit<AdamOptions, 'step'>;
    const start = randomValues([4, 9], 2);
    const expected = start.data.slice();
    const [m, v] = [new Float64Array(36), new Float64Array(36)];
    let state = { param: toTensor(start), first: tf.zeros([4, 9]) as tf.Tensor, second: tf.zeros([4, 9]) as tf.Tensor };
    for (let step = 1; step <= 4; step++) {
      const gradient = randomValues([4, 9], 20 + step);
      for (let i = 0; i < 36; i++) {
        let g = gradScale * gradient.data[i]!;
        if (decoupled) expected[i]! *= 1 - learningRate * weightDecay;
        else g += weightDecay * expected[i]!;
        m[i] = beta1 * m[i]! + (1 - beta1) * g;
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
        const [mHat, vHat] = [m[i]! / (1 - beta1 ** step), v[i]! / (1 - beta2 ** step)];
        expected[i]! -= (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
      }
      const grad = toTensor(gradient);
      state = applyAdam(state, grad, { ...options, step });
      grad.dispose();
    }
    expect(relativeError(state.param.dataSync(), expected)).toBeLessThan(tolerance);
    tf.dispose([state.param, state.first, state.second]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('never writes through a clone', () => {
    const before = tf.memory().numTensors;
    const param = tf.tensor1d([1, 2]);
    const teacher = tf.clone(param);
    const grad = tf.tensor1d([1, 1]);
    const next = applySgd({ param, velocity: tf.zeros([2]) }, grad, { learningRate: 1 });
    expect(Array.from(teacher.dataSync())).toEqual([1, 2]);
    expect(Array.from(next.param.dataSync())).toEqual([0, 1]);
    tf.dispose([teacher, grad, next.param, next.velocity]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('shows its result to convolutions that used the old weights', () => {
    const before = tf.memory().numTensors;
    const x = toTensor(randomValues([1, 8, 8, 8, 16], 1)) as tf.Tensor5D;
    const start = randomValues([3, 3, 3, 16, 16], 2);
    const gradient = randomValues(start.shape, 3);
    const grad = toTensor(gradient);
    const state = { param: toTensor(start), velocity: tf.zerosLike(grad) };
    conv3d(x, state.param).dispose();
    const next = applySgd(state, grad, { learningRate: 0.5 });
    const fresh = toTensor({ shape: start.shape, data: start.data.map((v, i) => v - 0.5 * gradient.data[i]!) });
    const [got, expected] = [conv3d(x, next.param), conv3d(x, fresh)];
    expect(relativeError(got.dataSync(), expected.dataSync())).toBeLessThan(1e-5); // float32 weights, rounded once more
    tf.dispose([x, grad, next.param, next.velocity, fresh, got, expected]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses tensors that differ, and a step 0', () => {
    tf.tidy(() => {
      const [a, b] = [tf.zeros([2]), tf.zeros([3])];
      expect(() => applySgd({ param: a, velocity: a }, b, { learningRate: 1 })).toThrow(/differ in shape/);
      expect(() => applyAdam({ param: a, first: a, second: a }, a, { learningRate: 1, step: 0 })).toThrow(
        /counts from 1/,
      );
    });
  });
});
