import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { elementTolerance, normals, relativeError, volumeOf } from './support.ts';

/** Sums over the axes marked, in float64. */
function reference(x: Float32Array, shape: readonly number[], reduced: readonly boolean[]): Float64Array {
  const out = shape.filter((_, axis) => !reduced[axis]);
  const sums = new Float64Array(volumeOf(out));
  x.forEach((value, i) => {
    let rest = i;
    let index = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const place = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (reduced[axis]) continue;
      index += place * stride;
      stride *= shape[axis]!;
    }
    sums[index]! += value;
  });
  return sums;
}

describe('sums and means', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test('over any axes of any shape', () => {
    const axes = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.boolean()), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(axes, fc.boolean(), (marked, keepDims) => {
        const before = tf.memory().numTensors;
        const shape = marked.map(([n]) => n);
        const reduced = marked.map(([, r]) => r);
        if (!reduced.includes(true)) return;
        const list = [...shape.keys()].filter((axis) => reduced[axis]);
        // All positive, so that no sum cancels.
        const x = normals(1, volumeOf(shape)).map((v) => Math.abs(v) + 1);
        const found = tf.tidy(() => {
          const t = tf.tensor(x, shape);
          const [s, m] = [tf.sum(t, list, keepDims), tf.mean(t, list, keepDims)];
          return { shape: s.shape, sum: s.dataSync(), mean: m.dataSync() };
        });
        const expected = reference(x, shape, reduced);
        const count = volumeOf(shape.filter((_, axis) => reduced[axis]));
        expect(found.shape).toEqual(shape.flatMap((n, a) => (!reduced[a] ? [n] : keepDims ? [1] : [])));
        expect(relativeError(found.sum, expected)).toBeLessThan(elementTolerance);
        expect(
          relativeError(
            found.mean,
            expected.map((v) => v / count),
          ),
        ).toBeLessThan(elementTolerance);
        expect(tf.memory().numTensors).toBe(before);
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  test('of nothing are 0, whatever was in memory', () => {
    const before = tf.memory().numTensors;
    tf.fill([64], Number.NaN).dispose();
    for (const [shape, axes, count] of [
      [[0], undefined, 1],
      [[0, 3], [0], 3],
      [[2, 0, 3], [1], 6],
      [[2, 0, 3], [0, 2], 0],
      [[4, 2, 0], [0, 2], 2],
    ] as const) {
      const [total, average] = tf.tidy(() => {
        const x = tf.zeros([...shape]);
        const list = axes === undefined ? undefined : [...axes];
        return [tf.sum(x, list).dataSync(), tf.mean(x, list).dataSync()] as const;
      });
      expect([...total]).toEqual(Array(count).fill(0));
      expect([...average]).toEqual(Array(count).fill(0));
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test('of ten million equal values is exact to float32', () => {
    const [total, average] = tf.tidy(() => {
      const x = tf.fill([10_000_000], 0.1);
      return [tf.sum(x).dataSync()[0]!, tf.mean(x).dataSync()[0]!] as const;
    });
    expect(relativeError([total], [10_000_000 * Math.fround(0.1)])).toBeLessThan(elementTolerance);
    expect(relativeError([average], [0.1])).toBeLessThan(elementTolerance);
  });
});
