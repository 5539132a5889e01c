import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { normals, volumeOf } from './support.ts';

/** Value at a place of an array of any rank, or `outside`. */
function at(
  values: ArrayLike<number>,
  shape: readonly number[],
  place: readonly number[],
  outside = Number.NaN,
): number {
  let index = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    if (place[axis]! < 0 || place[axis]! >= shape[axis]!) return outside;
    index = index * shape[axis]! + place[axis]!;
  }
  return values[index]!;
}

/** All places of a shape, last axis fastest. */
function places(shape: readonly number[]): number[][] {
  return Array.from({ length: volumeOf(shape) }, (_, i) => {
    const place: number[] = [];
    let rest = i;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return place;
  });
}

const shapes = fc
  .integer({ min: 1, max: 6 })
  .chain((rank) => fc.array(fc.integer({ min: 1, max: 5 }), { minLength: rank, maxLength: rank }));

describe('copies between layouts', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test('slice takes the box that it names', () => {
    const cases = shapes.chain((shape) =>
      fc.record({ shape: fc.constant(shape), cuts: fc.tuple(...shape.map((n) => fc.tuple(fc.nat(n - 1), fc.nat(n)))) }),
    );
    fc.assert(
      fc.property(cases, ({ shape, cuts }) => {
        const begin = cuts.map(([b]) => b);
        const size = cuts.map(([b, s], axis) => Math.min(s, shape[axis]! - b));
        const x = normals(1, volumeOf(shape));
        const y = tf.tidy(() => tf.slice(tf.tensor(x, shape), begin, size).dataSync());
        expect([...y]).toEqual(
          places(size).map((place) =>
            at(
              x,
              shape,
              place.map((p, axis) => p + begin[axis]!),
            ),
          ),
        );
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('pad surrounds with the value', () => {
    const cases = shapes.chain((shape) =>
      fc.record({ shape: fc.constant(shape), pads: fc.tuple(...shape.map(() => fc.tuple(fc.nat(2), fc.nat(2)))) }),
    );
    fc.assert(
      fc.property(cases, ({ shape, pads }) => {
        const x = normals(2, volumeOf(shape));
        const out = shape.map((n, axis) => n + pads[axis]![0] + pads[axis]![1]);
        const y = tf.tidy(() => tf.pad(tf.tensor(x, shape), pads, -1.5).dataSync());
        expect([...y]).toEqual(
          places(out).map((place) =>
            at(
              x,
              shape,
              place.map((p, axis) => p - pads[axis]![0]),
              -1.5,
            ),
          ),
        );
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  test('concat joins along any axis, integers too', () => {
    const cases = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        axis: fc.nat(shape.length - 1),
        lengths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 3 }),
        dtype: fc.constantFrom('float32' as const, 'int32' as const),
      }),
    );
    fc.assert(
      fc.property(cases, ({ shape, axis, lengths, dtype }) => {
        const parts = lengths.map((length, i) => {
          const own = shape.map((n, a) => (a === axis ? length : n));
          return { shape: own, values: normals(i + 1, volumeOf(own)).map((v) => Math.round(100 * v) + 0) };
        });
        const out = shape.map((n, a) => (a === axis ? lengths.reduce((x, y) => x + y) : n));
        const y = tf.tidy(() =>
          tf
            .concat(
              parts.map((p) => tf.tensor(p.values, p.shape, dtype)),
              axis,
            )
            .dataSync(),
        );
        const expected = places(out).map((place) => {
          const starts = parts.map((_, k) => lengths.slice(0, k).reduce((a, b) => a + b, 0));
          const which = starts.findLastIndex((start) => start <= place[axis]!);
          const part = parts[which]!;
          const left = place[axis]! - starts[which]!;
          return at(
            part.values,
            part.shape,
            place.map((p, a) => (a === axis ? left : p)),
          );
        });
        expect([...y]).toEqual(expected);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  test('split takes a tensor apart along any axis', () => {
    fc.assert(
      fc.property(shapes, fc.nat(5), fc.integer({ min: 1, max: 3 }), (small, which, pieces) => {
        const axis = which % small.length;
        const shape = small.map((n, a) => (a === axis ? n * pieces : n));
        const x = normals(3, volumeOf(shape));
        const found = tf.tidy(() => tf.split(tf.tensor(x, shape), pieces, axis).map((t) => [...t.dataSync()]));
        const expected = Array.from({ length: pieces }, (_, k) =>
          places(small).map((place) =>
            at(
              x,
              shape,
              place.map((p, a) => (a === axis ? p + k * small[axis]! : p)),
            ),
          ),
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 200, seed: 4 },
    );
  });

  test.each([
    { rows: [2, 11, 13, 7], widths: [5, 3], dtype: 'float32' as const },
    { rows: [1, 20, 30, 40], widths: [16, 16], dtype: 'float32' as const },
    { rows: [300], widths: [1, 130], dtype: 'int32' as const },
  ])('two tensors join after many rows ($rows, $widths) and come apart again', ({ rows, widths, dtype }) => {
    const before = tf.memory();
    const [first, second] = widths as [number, number];
    const count = volumeOf(rows);
    const [a, b] = widths.map((n, i) => normals(i + 1, count * n).map((v) => Math.round(1e6 * v) + 0));
    const axis = rows.length;
    const { joined, pieces } = tf.tidy(() => {
      const y = tf.concat([tf.tensor(a!, [...rows, first], dtype), tf.tensor(b!, [...rows, second], dtype)], axis);
      return { joined: y.dataSync(), pieces: tf.split(y, widths, axis).map((t) => t.dataSync()) };
    });
    let wrong = 0;
    for (let r = 0; r < count; r++) {
      for (let i = 0; i < first + second; i++) {
        const expected = i < first ? a![r * first + i]! : b![r * second + i - first]!;
        if (joined[r * (first + second) + i] !== expected) wrong++;
      }
    }
    expect(wrong).toBe(0);
    expect(pieces[0]).toEqual(dtype === 'int32' ? Int32Array.from(a!) : a);
    expect(pieces[1]).toEqual(dtype === 'int32' ? Int32Array.from(b!) : b);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });

  test('tile, reverse, stack and unstack follow their definitions', () => {
    const cases = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape.slice(0, 5)),
        reps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 }),
        axis: fc.nat(Math.min(shape.length, 5) - 1),
        marks: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ shape, reps, axis, marks }) => {
        const before = tf.memory();
        const x = normals(5, volumeOf(shape));
        const own = reps.slice(0, shape.length);
        const axes = [...shape.keys()].filter((a) => marks[a]);
        const found = tf.tidy(() => {
          const t = tf.tensor(x, shape);
          const pieces = tf.unstack(t, axis);
          return {
            tiled: [...tf.tile(t, own).dataSync()],
            reversed: [...tf.reverse(t, axes).dataSync()],
            shapes: pieces.map((p) => p.shape),
            restacked: [...tf.stack(pieces, axis).dataSync()],
          };
        });
        const tiledShape = shape.map((n, a) => n * own[a]!);
        const wrapped = (place: number[]) => place.map((p, a) => p % shape[a]!);
        expect(found.tiled).toEqual(places(tiledShape).map((place) => at(x, shape, wrapped(place))));
        const mirrored = (place: number[]) => place.map((p, a) => (marks[a] ? shape[a]! - 1 - p : p));
        expect(found.reversed).toEqual(places(shape).map((place) => at(x, shape, mirrored(place))));
        expect(found.shapes).toEqual(Array.from({ length: shape[axis]! }, () => shape.filter((_, a) => a !== axis)));
        expect(found.restacked).toEqual([...x]);
        expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
      }),
      { numRuns: 200, seed: 6 },
    );
  });

  test('clones share memory until the last one goes', () => {
    const before = tf.memory();
    const x = tf.tensor1d([1, 2, 3]);
    const y = tf.clone(x);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers + 1);
    x.dispose();
    expect([...y.dataSync()]).toEqual([1, 2, 3]);
    y.dispose();
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  });

  test('large boxes are cut into parts; booleans go to the stock kernels', () => {
    const x = normals(4, 40 * 40 * 40 * 6);
    const y = tf.tidy(() => tf.slice(tf.tensor(x, [1, 40, 40, 40, 6]), [0, 1, 2, 3, 1], [1, 38, 36, 35, 4]).dataSync());
    const shape = [1, 40, 40, 40, 6];
    const expected = places([1, 38, 36, 35, 4]).map(([n, d, h, w, c]) =>
      at(x, shape, [n!, d! + 1, h! + 2, w! + 3, c! + 1]),
    );
    expect([...y]).toEqual(expected);
    const mask = tf.tidy(() => tf.slice(tf.tensor([true, false, true], [3], 'bool'), [1], [2]).dataSync());
    expect([...mask]).toEqual([0, 1]);
  });

  test('leaves no tensors behind', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.ones([1, 2, 3, 4, 5]);
      tf.grad((v) => tf.sum(tf.concat([tf.slice(v, [0, 0, 0, 0, 1], [-1, -1, -1, -1, 2]), v], 4)))(x);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
