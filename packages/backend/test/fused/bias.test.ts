import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { elementTolerance, normals, relativeError, runKernel, sumTolerance, volumeOf } from './support.ts';

const shapes = [
  [1, 4, 4, 4, 16],
  [2, 3, 5, 3, 7],
  [2, 1, 5, 3, 6],
  [1, 1, 1, 1, 3],
  [1, 20, 30, 40, 5],
];

describe('bias and its gradient', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test.each(shapes.map((shape) => [shape]))('%j', (shape) => {
    const before = tf.memory().numTensors;
    const C = shape[4]!;
    const x = normals(1, volumeOf(shape));
    const bias = normals(2, C);
    const found = tf.tidy(() => {
      const tx = tf.tensor(x, shape);
      const [y] = runKernel('SegAddBias', { x: tx, bias: tf.tensor1d(bias) }, {});
      const [sum] = runKernel('SegAddBiasGrad', { dy: tx }, {});
      return { y: y!.dataSync(), sum: sum!.dataSync() };
    });
    const sums = new Float64Array(C);
    x.forEach((v, i) => {
      sums[i % C]! += v;
    });
    expect(
      relativeError(
        found.y,
        Float64Array.from(x, (v, i) => v + bias[i % C]!),
      ),
    ).toBeLessThan(elementTolerance);
    expect(relativeError(found.sum, sums)).toBeLessThan(sumTolerance);
    expect(tf.memory().numTensors).toBe(before);
  });

  // The norm's gradient hands the sums on without reading its result; they must be those of the values.
  test.each([
    { shape: [2, 9, 8, 7, 6], groups: 6 },
    { shape: [1, 20, 30, 40, 16], groups: 4 },
  ])('of the gradient of a norm: $shape in $groups groups', ({ shape, groups }) => {
    const C = shape[4]!;
    const sumOf = (dx: tf.Tensor) => {
      const sums = new Float64Array(C);
      let size = 0;
      dx.dataSync().forEach((v, i) => {
        sums[i % C]! += v;
        size += Math.abs(v) / C;
      });
      return { sums, size };
    };
    const check = (dx: tf.Tensor) => {
      const { sums, size } = sumOf(dx);
      const found = runKernel('SegAddBiasGrad', { dy: dx }, {})[0]!.dataSync();
      // Relative to what is added up: with a group for every channel the sum itself is nothing but rounding.
      for (let c = 0; c < C; c++) expect(Math.abs(found[c]! - sums[c]!) / size).toBeLessThan(1e-6);
    };
    tf.tidy(() => {
      const [x, dy] = [1, 2].map((seed) => tf.tensor(normals(seed, volumeOf(shape), 3), shape));
      const [scale, offset] = [3, 4].map((seed) => tf.tensor1d(normals(seed, C)));
      const attrs = { groups, epsilon: 1e-5, negativeSlope: 0.01 };
      const inputs = { x: x!, scale: scale!, offset: offset! };
      const [, mean, invStd] = runKernel('SegNormActivation', inputs, attrs);
      const gradInputs = { ...inputs, mean: mean!, invStd: invStd!, dy: dy! };
      const dx = runKernel('SegNormActivationGrad', gradInputs, attrs)[0]!;
      check(dx);
      // Changed in place, the values no longer have those sums.
      const update = { learningRate: 1, momentum: 0, weightDecay: 0, gradScale: 1, nesterov: false };
      tf.getKernel('SegSgdUpdate', 'wasm').kernelFunc({
        inputs: { param: dx, grad: dy!, velocity: tf.zerosLike(dx) },
        attrs: update,
        backend: tf.backend(),
      });
      check(dx);
    });
  });
});
