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
});
