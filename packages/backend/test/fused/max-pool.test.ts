import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { normals, relativeError, runKernel, volumeOf } from './support.ts';

type Shape = readonly [number, number, number, number, number];
type Triple = readonly [number, number, number];

interface Pool {
  readonly filterSize: Triple;
  readonly strides: Triple;
  readonly pad: 'valid' | 'same' | number;
}

/** Output size and zeros before each axis, by tfjs's rules: 'same' starts inside where the stride skips voxels. */
function geometry(size: number, filter: number, stride: number, pad: Pool['pad']) {
  if (pad === 'same') {
    const out = Math.ceil(size / stride);
    return { out, before: Math.floor(((out - 1) * stride + filter - size) / 2) };
  }
  const before = pad === 'valid' ? 0 : pad;
  return { out: Math.floor((size + 2 * before - filter) / stride) + 1, before };
}

/** Maxima, and the gradient at the first maximum of each window. */
function reference(x: Float32Array, shape: Shape, pool: Pool, dyAt: (i: number) => number) {
  const [N, D, H, W, C] = shape;
  const axes = [D, H, W].map((size, a) => geometry(size, pool.filterSize[a]!, pool.strides[a]!, pool.pad));
  const [d, h, w] = axes as [(typeof axes)[0], (typeof axes)[0], (typeof axes)[0]];
  const y: number[] = [];
  const dx = new Float64Array(x.length);
  for (let n = 0; n < N; n++)
    for (let i = 0; i < d.out; i++)
      for (let j = 0; j < h.out; j++)
        for (let k = 0; k < w.out; k++)
          for (let c = 0; c < C; c++) {
            let best = -1;
            for (let a = 0; a < pool.filterSize[0]; a++)
              for (let b = 0; b < pool.filterSize[1]; b++)
                for (let e = 0; e < pool.filterSize[2]; e++) {
                  const [z, r, q] = [
                    i * pool.strides[0] - d.before + a,
                    j * pool.strides[1] - h.before + b,
                    k * pool.strides[2] - w.before + e,
                  ];
                  if (z < 0 || r < 0 || q < 0 || z >= D || r >= H || q >= W) continue;
                  const at = (((n * D + z) * H + r) * W + q) * C + c;
                  if (best < 0 || x[at]! > x[best]!) best = at;
                }
            if (best >= 0) dx[best]! += dyAt(y.length);
            y.push(best >= 0 ? x[best]! : Number.NEGATIVE_INFINITY);
          }
  return { y, dx, outShape: [N, d.out, h.out, w.out, C] };
}

function check(shape: Shape, pool: Pool, x: Float32Array): void {
  const dyAt = (i: number) => Math.fround(Math.sin(i + 1));
  const expected = reference(x, shape, pool, dyAt);
  const found = tf.tidy(() => {
    const input = tf.tensor(x, [...shape]);
    const [y] = runKernel('MaxPool3D', { x: input }, { ...pool, dataFormat: 'NDHWC' });
    const dy = tf.tensor(
      Float32Array.from(expected.y, (_, i) => dyAt(i)),
      expected.outShape,
    );
    const [dx] = runKernel('MaxPool3DGrad', { dy, input, output: y! }, pool);
    return { shape: y!.shape, y: y!.dataSync(), dx: dx!.dataSync() };
  });
  expect(found.shape).toEqual(expected.outShape);
  expect([...found.y]).toEqual(expected.y);
  // Sums of at most 27 float32 numbers.
  expect(relativeError(found.dx, expected.dx)).toBeLessThan(1e-6);
}

const halving: Pool = { filterSize: [2, 2, 2], strides: [2, 2, 2], pad: 'valid' };
const cases: [string, Shape, Pool][] = [
  ['halving, 8 channels, two samples', [2, 4, 6, 8, 8], halving],
  ['halving, odd channels', [1, 4, 4, 6, 7], halving],
  ['halving, odd sizes', [2, 5, 7, 3, 4], halving],
  ['halving, odd sizes, same', [1, 5, 7, 3, 4], { ...halving, pad: 'same' }],
  ['overlapping windows', [1, 6, 5, 7, 5], { filterSize: [3, 3, 3], strides: [2, 2, 2], pad: 1 }],
  ['flat windows', [2, 1, 8, 6, 12], { filterSize: [1, 2, 3], strides: [1, 2, 3], pad: 'valid' }],
  ['one voxel', [1, 2, 2, 2, 1], halving],
];

describe('3-D max-pooling', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test.each(cases)('%s', (_, shape, pool) => {
    const before = tf.memory().numTensors;
    check(shape, pool, normals(1, volumeOf(shape)));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('equal values give the gradient to the first', () => {
    check([1, 4, 4, 4, 8], halving, new Float32Array(512));
    check([1, 4, 4, 4, 3], halving, new Float32Array(192));
  });

  test('windows without a voxel have no gradient', () => {
    const before = tf.memory().numTensors;
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const { y, dx } = tf.tidy(() => {
      const x = tf.tensor(values, [1, 2, 2, 2, 1]) as tf.Tensor5D;
      const pool = (v: tf.Tensor) => tf.maxPool3d(v as tf.Tensor5D, 2, 2, 2);
      const dy = tf.tensor(
        Array.from({ length: 27 }, (_, i) => i + 1),
        [1, 3, 3, 3, 1],
      );
      return { y: pool(x).dataSync(), dx: tf.grad(pool)(x, dy).dataSync() };
    });
    // Of the 27 windows of two voxels a side the one in the middle, 14th in their order, covers the volume.
    expect(y[13]).toBe(9);
    expect([...dx]).toEqual(values.map((v) => (v === 9 ? 14 : 0)));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('windows of which some hold no voxel, as in plain loops', () => {
    const before = tf.memory().numTensors;
    const padding = { filterSize: [2, 2, 2], strides: [1, 1, 1], pad: 2 } as const;
    check([2, 3, 2, 4, 5], padding, normals(4, 240));
    check([1, 2, 3, 2, 4], { ...padding, strides: [2, 2, 2] }, normals(5, 48));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('gives the gradient of tf.maxPool3d', () => {
    const dx = tf.tidy(() => {
      const x = tf.tensor(normals(2, 512), [1, 4, 4, 4, 8]) as tf.Tensor5D;
      return tf
        .grad((v) => tf.sum(tf.maxPool3d(v as tf.Tensor5D, 2, 2, 'valid')))(x)
        .dataSync();
    });
    expect((dx as Float32Array).reduce((a, b) => a + b, 0)).toBe(64);
  });

  test('agrees with plain loops for random windows', () => {
    const size = fc.integer({ min: 3, max: 7 });
    const window = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)).map((t) => t.map((v) => v + 1) as unknown as Triple);
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1, max: 2 }), size, size, size, fc.integer({ min: 1, max: 9 })),
        window,
        window,
        fc.constantFrom('valid' as const, 'same' as const),
        (shape, filterSize, strides, pad) => check(shape, { filterSize, strides, pad }, normals(9, volumeOf(shape))),
      ),
      { numRuns: 80, seed: 3 },
    );
  });
});
