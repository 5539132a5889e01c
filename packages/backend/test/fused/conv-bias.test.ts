import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { normals, relativeError, runKernel, sumTolerance, volumeOf } from './support.ts';

/** Convolution with bias in float64; `before` zeros in front of every axis. */
function reference(
  x: Float32Array,
  shape: number[],
  w: Float32Array,
  filter: number[],
  bias: Float32Array,
  stride: number,
  before: number,
  out: number[],
) {
  const [N, D, H, W, I] = shape as [number, number, number, number, number];
  const [kd, kh, kw, , O] = filter as [number, number, number, number, number];
  const y = new Float64Array(N * volumeOf(out) * O);
  y.forEach((_, at) => {
    const o = at % O;
    const [k, j, i] = [
      Math.floor(at / O) % out[2]!,
      Math.floor(at / O / out[2]!) % out[1]!,
      Math.floor(at / O / out[2]! / out[1]!) % out[0]!,
    ];
    const n = Math.floor(at / O / volumeOf(out));
    let sum = bias[o]!;
    for (let t = 0; t < kd * kh * kw; t++) {
      const z = i * stride - before + Math.floor(t / (kh * kw));
      const r = j * stride - before + (Math.floor(t / kw) % kh);
      const q = k * stride - before + (t % kw);
      if (z < 0 || r < 0 || q < 0 || z >= D || r >= H || q >= W) continue;
      for (let c = 0; c < I; c++) sum += x[(((n * D + z) * H + r) * W + q) * I + c]! * w[(t * I + c) * O + o]!;
    }
    y[at] = sum;
  });
  return y;
}

const cases: [string, number[], number[], number, number, number[]][] = [
  ['Winograd, 16 channels', [1, 9, 10, 11, 16], [3, 3, 3, 16, 16], 1, 1, [9, 10, 11]],
  ['odd channels, two samples', [2, 5, 6, 7, 3], [3, 3, 3, 3, 5], 1, 1, [5, 6, 7]],
  ['stride 2', [1, 8, 8, 8, 16], [3, 3, 3, 16, 8], 2, 1, [4, 4, 4]],
  ['one input channel', [2, 6, 6, 6, 1], [3, 3, 3, 1, 16], 1, 1, [6, 6, 6]],
  ['1x1x1', [2, 4, 4, 4, 16], [1, 1, 1, 16, 3], 1, 0, [4, 4, 4]],
];

describe('convolution with bias', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test.each(cases)('%s', (_, shape, filter, stride, pad, out) => {
    const [x, w, b] = [normals(1, volumeOf(shape)), normals(2, volumeOf(filter)), normals(3, filter[4]!)];
    const y = tf.tidy(() => {
      const inputs = { x: tf.tensor(x, shape), filter: tf.tensor(w, filter), bias: tf.tensor1d(b) };
      const attrs = { strides: [stride, stride, stride], pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] };
      return runKernel('SegConv3DBias', inputs, attrs)[0]!.dataSync();
    });
    expect(relativeError(y, reference(x, shape, w, filter, b, stride, pad, out))).toBeLessThan(sumTolerance);
  });
});
