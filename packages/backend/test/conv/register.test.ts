import { startBackend } from '@seg/backend';
import { isSegError, Rng } from '@seg/core';
import { fusedKernels } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { conv2dGeometry, conv3dGeometry } from '../../src/conv/geometry.ts';
import { runKernel } from '../fused/support.ts';
import { randomFloats } from './fuzz.ts';
import { referenceFilterGradient, referenceForward, referenceInputGradient, relativeError } from './reference.ts';

// Sums of some hundred float32 products, relative to the largest.
const tolerance = 1e-5;
const rng = Rng.fromSeed(1);
const tensor = (shape: readonly number[]) =>
  tf.tensor(randomFloats(rng, tf.util.sizeFromShape([...shape])), [...shape]);
const sizeOf = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);
/** Tensors that the backend holds, those without an owner among them. */
const dataIds = () => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
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

  it('takes whole numbers and booleans as numbers', () => {
    const before = tf.memory().numTensors;
    const whole = (shape: readonly number[]) =>
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((7 * i) % 11) - 5);
    const [xs, ws] = [
      [1, 4, 3, 5, 2],
      [3, 3, 3, 2, 3],
    ] as const;
    const g = conv3dGeometry(tf.backend_util.computeConv3DInfo([...xs], [...ws], 1, 1, 'same'));
    const ys = [1, 4, 3, 5, 3];
    const attrs = {
      strides: 1,
      pad: 'same',
      dataFormat: 'NDHWC',
      dilations: 1,
      inputShape: [...xs],
      filterShape: [...ws],
    };
    const [y, dx, dw, masked, dw2] = tf.tidy(() => {
      const int = (shape: readonly number[]) => tf.tensor(whole(shape), [...shape], 'int32');
      const mask = tf.tensor(
        whole(xs).map((v) => Number(v > 0)),
        [...xs],
        'bool',
      );
      return [
        runKernel('Conv3D', { x: int(xs), filter: int(ws) }, attrs),
        runKernel('Conv3DBackpropInputV2', { dy: int(ys), filter: int(ws) }, attrs),
        runKernel('Conv3DBackpropFilterV2', { x: int(xs), dy: int(ys) }, attrs),
        runKernel('Conv3D', { x: mask, filter: tf.cast(int(ws), 'float32') }, attrs),
        runKernel(
          'Conv2DBackpropFilter',
          { x: int([1, 5, 4, 2]), dy: int([1, 5, 4, 3]) },
          { ...attrs, dataFormat: 'NHWC', filterShape: [3, 3, 2, 3] },
        ),
      ].map(([t]) => t!.dataSync() as Float32Array);
    }) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    const g2 = conv2dGeometry(tf.backend_util.computeConv2DInfo([1, 5, 4, 2], [3, 3, 2, 3], 1, 1, 'same'));
    expect(relativeError(y, referenceForward(g, whole(xs), whole(ws)))).toBeLessThan(tolerance);
    expect(relativeError(dx, referenceInputGradient(g, whole(ys), whole(ws)))).toBeLessThan(tolerance);
    expect(relativeError(dw, referenceFilterGradient(g, whole(xs), whole(ys)))).toBeLessThan(tolerance);
    const inside = whole(xs).map((v) => Number(v > 0));
    expect(relativeError(masked, referenceForward(g, inside, whole(ws)))).toBeLessThan(tolerance);
    const expected2 = referenceFilterGradient(g2, whole([1, 5, 4, 2]), whole([1, 5, 4, 3]));
    expect(relativeError(dw2, expected2)).toBeLessThan(tolerance);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses gradients of another shape than the output, and outputs of a wrong size', () => {
    const before = [tf.memory().numTensors, dataIds()];
    const mismatch = expect.toSatisfy((e) => isSegError(e, 'shape-mismatch'));
    tf.tidy(() => {
      const x = tf.ones([1, 4, 4, 4, 2]) as tf.Tensor5D;
      const w = tf.ones([3, 3, 3, 2, 3]) as tf.Tensor5D;
      for (const size of [
        [1, 10, 8, 8, 3],
        [1, 8, 8, 4, 3],
        [2, 8, 8, 8, 3],
      ] as const) {
        const transpose = () => tf.conv3dTranspose(x, tf.ones([2, 2, 2, 3, 2]), [...size], 2, 'valid');
        expect(transpose).toThrow(mismatch);
      }
      const attrs = { strides: 1, pad: 'same', dataFormat: 'NDHWC', inputShape: x.shape, filterShape: w.shape };
      for (const shape of [
        [1, 4, 4, 3, 3],
        [1, 4, 4, 4, 2],
        [2, 4, 4, 4, 3],
        [1, 5, 4, 4, 3],
      ]) {
        const dy = tf.ones(shape);
        expect(() => runKernel('Conv3DBackpropInputV2', { dy, filter: w }, attrs)).toThrow(mismatch);
        expect(() => runKernel('Conv3DBackpropFilterV2', { x, dy }, attrs)).toThrow(mismatch);
      }
      const x2 = tf.ones([1, 5, 4, 2]);
      const attrs2 = { ...attrs, dataFormat: 'NHWC', filterShape: [3, 3, 2, 3] };
      for (const shape of [
        [1, 5, 3, 3],
        [1, 5, 4, 2],
        [1, 6, 4, 3],
      ]) {
        expect(() => runKernel('Conv2DBackpropFilter', { x: x2, dy: tf.ones(shape) }, attrs2)).toThrow(mismatch);
      }
    });
    expect([tf.memory().numTensors, dataIds()]).toEqual(before);
  });

  it.each([2, 4, 8])('without input channels gives zeros or the bias, without output channels zeros, %i^3', (size) => {
    const before = tf.memory().numTensors;
    const cube = (channels: number) => [1, size, size, size, channels];
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NDHWC', dilations: 1, inputShape: cube(16) };
    const [x, filter] = [tf.zeros(cube(0)), tf.zeros([3, 3, 3, 0, 16])];
    const [dy, filterToNone] = [tf.zeros(cube(0)), tf.zeros([3, 3, 3, 16, 0])];
    const bias = tf.range(0, 16);
    // Memory that the result gets may hold anything.
    const run = (name: string, inputs: Record<string, tf.Tensor>) => {
      const output = tf.fill(cube(16), Number.NaN);
      const others = Array.from({ length: 20 }, (_, i) => tf.fill([output.size + i], Number.NaN));
      tf.dispose([output, ...others]);
      return tf.tidy(() => [...runKernel(name, inputs, attrs)[0]!.dataSync()]);
    };
    const voxels = size ** 3;
    expect(run('Conv3D', { x, filter })).toEqual(Array(16 * voxels).fill(0));
    expect(run(fusedKernels.conv3dBias, { x, filter, bias })).toEqual(
      Array(voxels)
        .fill([...Array(16).keys()])
        .flat(),
    );
    expect(run('Conv3DBackpropInputV2', { dy, filter: filterToNone })).toEqual(Array(16 * voxels).fill(0));
    tf.dispose([x, filter, dy, filterToNone, bias]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
