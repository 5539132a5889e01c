import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { elementTolerance, normals, relativeError, runKernel, volumeOf } from './support.ts';

type Triple = readonly [number, number, number];
type Shape = readonly [number, number, number, number, number];

/** y of trilinear interpolation and dx for the given dy, in float64. */
function reference(x: Float32Array, shape: Shape, size: Triple, dy: Float32Array) {
  const [N, D, H, W, C] = shape;
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const places = (from: number, to: number, i: number) => {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    return [
      [low, 1 - (at - low)],
      [Math.min(low + 1, from - 1), at - low],
    ] as const;
  };
  for (let n = 0; n < N; n++)
    for (let i = 0; i < size[0]; i++)
      for (let j = 0; j < size[1]; j++)
        for (let k = 0; k < size[2]; k++)
          for (const [z, a] of places(D, size[0], i))
            for (const [r, b] of places(H, size[1], j))
              for (const [q, c] of places(W, size[2], k))
                for (let ch = 0; ch < C; ch++) {
                  const o = (((n * size[0] + i) * size[1] + j) * size[2] + k) * C + ch;
                  const p = (((n * D + z) * H + r) * W + q) * C + ch;
                  y[o]! += a * b * c * x[p]!;
                  dx[p]! += a * b * c * dy[o]!;
                }
  return { y, dx };
}

function check(shape: Shape, size: Triple): void {
  const [N, D, H, W, C] = shape;
  const x = normals(1, volumeOf(shape));
  const dy = normals(2, N * volumeOf(size) * C);
  const found = tf.tidy(() => {
    const [y] = runKernel('SegResizeTrilinear', { x: tf.tensor(x, [...shape]) }, { size });
    const [dx] = runKernel('SegResizeTrilinearGrad', { dy: tf.tensor(dy, [N, ...size, C]) }, { inputSize: [D, H, W] });
    return { y: y!.dataSync(), dx: dx!.dataSync() };
  });
  const expected = reference(x, shape, size, dy);
  expect(relativeError(found.y, expected.y)).toBeLessThan(elementTolerance);
  expect(relativeError(found.dx, expected.dx)).toBeLessThan(elementTolerance);
}

const cases: [string, Shape, Triple][] = [
  ['doubling, 8 channels, two samples', [2, 3, 4, 5, 8], [6, 8, 10]],
  ['doubling, 3 channels', [1, 4, 3, 5, 3], [8, 6, 10]],
  ['halving', [1, 8, 6, 4, 5], [4, 3, 2]],
  ['odd factors', [2, 5, 7, 3, 6], [7, 4, 11]],
  ['the same size', [1, 3, 3, 3, 4], [3, 3, 3]],
  ['from one voxel and to one voxel', [1, 1, 4, 1, 2], [3, 1, 1]],
];

describe('trilinear resize', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test.each(cases)('%s', (_, shape, size) => {
    const before = tf.memory().numTensors;
    check(shape, size);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('agrees with float64 loops for random sizes', () => {
    const length = fc.integer({ min: 1, max: 9 });
    const shape = fc.tuple(fc.integer({ min: 1, max: 2 }), length, length, length, fc.integer({ min: 1, max: 10 }));
    fc.assert(fc.property(shape, fc.tuple(length, length, length), check), { numRuns: 80, seed: 4 });
  });
});
