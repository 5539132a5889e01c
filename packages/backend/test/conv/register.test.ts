import { startBackend } from '@seg/backend';
import { Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { conv2dGeometry, conv3dGeometry } from '../../src/conv/geometry.ts';
import { randomFloats } from './fuzz.ts';
import { referenceFilterGradient, referenceForward, referenceInputGradient, relativeError } from './reference.ts';

// Sums of some hundred float32 products, relative to the largest.
const tolerance = 1e-5;
const rng = Rng.fromSeed(1);
const tensor = (shape: readonly number[]) =>
  tf.tensor(randomFloats(rng, tf.util.sizeFromShape([...shape])), [...shape]);
const floats = (t: tf.Tensor) => t.dataSync() as Float32Array;

beforeAll(async () => {
  await startBackend({ name: 'wasm' });
});

describe('the wasm backend through tfjs', () => {
  it.each([
    ['stride 1', 1, 'same', [3, 3, 3]],
    ['stride 2', 2, 'same', [3, 3, 3]],
    ['stride 2, kernel 2', 2, 'valid', [2, 2, 2]],
    ['in-plane kernel, explicit padding', 1, 1, [1, 3, 3]],
  ] as const)('conv3d and its gradients, batch 2, odd sizes: %s', (_name, stride, pad, kernel) => {
    const before = tf.memory().numTensors;
    const x = tensor([2, 7, 9, 11, 10]) as tf.Tensor5D;
    const w = tensor([...kernel, 10, 13]) as tf.Tensor5D;
    const g = conv3dGeometry(tf.backend_util.computeConv3DInfo(x.shape, w.shape, stride, 1, pad));
    // The kernel takes numbers too, though the type of tf.conv3d does not say so.
    const padding = pad as 'same';
    const y = tf.conv3d(x, w, stride, padding);
    const dy = tensor(y.shape) as tf.Tensor5D;
    const convolve = (a: tf.Tensor, b: tf.Tensor) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, stride, padding);
    const [dx, dw] = tf.grads(convolve)([x, w], dy) as [tf.Tensor, tf.Tensor];
    expect(relativeError(floats(y), referenceForward(g, floats(x), floats(w)))).toBeLessThan(tolerance);
    expect(relativeError(floats(dx), referenceInputGradient(g, floats(dy), floats(w)))).toBeLessThan(tolerance);
    expect(relativeError(floats(dw), referenceFilterGradient(g, floats(x), floats(dy)))).toBeLessThan(tolerance);
    tf.dispose([x, w, y, dy, dx, dw]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('conv3dTranspose is the input gradient', () => {
    const x = tensor([2, 3, 4, 5, 6]) as tf.Tensor5D;
    const w = tensor([2, 2, 2, 9, 6]) as tf.Tensor5D;
    const y = tf.conv3dTranspose(x, w, [2, 6, 8, 10, 9], 2, 'same');
    const g = conv3dGeometry(tf.backend_util.computeConv3DInfo([2, 6, 8, 10, 9], w.shape, 2, 1, 'same'));
    expect(relativeError(floats(y), referenceInputGradient(g, floats(x), floats(w)))).toBeLessThan(tolerance);
    tf.dispose([x, w, y]);
  });

  it('conv2d has a filter gradient', () => {
    const x = tensor([2, 11, 9, 5]) as tf.Tensor4D;
    const w = tensor([3, 3, 5, 7]) as tf.Tensor4D;
    const g = conv2dGeometry(tf.backend_util.computeConv2DInfo(x.shape, w.shape, 2, 1, 'same'));
    const dy = tensor([2, ...g.output.slice(1), 7]) as tf.Tensor4D;
    const dw = tf.grad((b) => tf.conv2d(x, b as tf.Tensor4D, 2, 'same'))(w, dy);
    expect(relativeError(floats(dw), referenceFilterGradient(g, floats(x), floats(dy)))).toBeLessThan(tolerance);
    tf.dispose([x, w, dy, dw]);
  });

  it('does not mix up the transformed weights of tensors that share their data', () => {
    const x = tensor([1, 8, 8, 8, 8]) as tf.Tensor5D;
    const w = tensor([3, 3, 3, 8, 16]) as tf.Tensor5D;
    const reshaped = tf.reshape(w, [3, 3, 6, 8, 8]) as tf.Tensor5D;
    for (const weights of [w, reshaped, w]) {
      const g = conv3dGeometry(tf.backend_util.computeConv3DInfo(x.shape, weights.shape, 1, 1, 'same'));
      const y = tf.conv3d(x, weights, 1, 'same');
      expect(relativeError(floats(y), referenceForward(g, floats(x), floats(weights)))).toBeLessThan(tolerance);
      y.dispose();
    }
    tf.dispose([x, w, reshaped]);
  });

  it('refuses integer tensors', () => {
    const x = tf.zeros([1, 2, 2, 2, 1], 'int32') as tf.Tensor5D;
    const w = tf.zeros([1, 1, 1, 1, 1]) as tf.Tensor5D;
    expect(() => tf.conv3d(x, w, 1, 'same')).toThrow(/Conv3D: x has the wrong type \(got int32, expected float32\)/);
    tf.dispose([x, w]);
  });
});
