import { Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { normals, relativeError, runKernel, sumTolerance, volumeOf } from './support.ts';

interface Attrs {
  readonly crossEntropyWeight: number;
  readonly diceWeight: number;
  readonly smooth: number;
  readonly includeBackground: boolean;
  readonly batchDice: boolean;
  readonly ignoreLabel: number;
}

const defaults: Attrs = {
  crossEntropyWeight: 1,
  diceWeight: 1,
  smooth: 1e-5,
  includeBackground: false,
  batchDice: false,
  ignoreLabel: -1,
};

type Shape = readonly [number, number, number, number, number];

/** The loss in float64, straight from its definition. */
function loss(logits: ArrayLike<number>, labels: ArrayLike<number>, shape: Shape, a: Attrs): number {
  const [N, , , , C] = shape;
  const V = volumeOf(shape.slice(1, 4));
  let crossEntropy = 0;
  let counted = 0;
  const groups = a.batchDice ? 1 : N;
  const sums = Array.from({ length: groups * C }, () => ({ p: 0, y: 0, both: 0 }));
  for (let n = 0; n < N; n++)
    for (let v = 0; v < V; v++) {
      const at = n * V + v;
      const label = labels[at]!;
      if (a.ignoreLabel !== -1 && label === a.ignoreLabel) continue;
      counted++;
      const z = Array.from({ length: C }, (_, k) => logits[at * C + k]!);
      const largest = Math.max(...z);
      const total = z.reduce((s, v) => s + Math.exp(v - largest), 0);
      z.forEach((v, k) => {
        const p = Math.exp(v - largest) / total;
        const s = sums[(a.batchDice ? 0 : n) * C + k]!;
        s.p += p;
        if (label !== k) return;
        s.y += 1;
        s.both += p;
        crossEntropy -= v - largest - Math.log(total);
      });
    }
  const used = sums.filter((_, i) => a.includeBackground || i % C > 0);
  const dice = used.reduce((s, { p, y, both }) => s + (2 * both + a.smooth) / (p + y + a.smooth), 0) / used.length;
  return (a.crossEntropyWeight * crossEntropy) / Math.max(1, counted) + a.diceWeight * (1 - dice);
}

/** Central differences of the float64 loss. */
function gradient(logits: Float32Array, labels: Int32Array, shape: Shape, a: Attrs): Float64Array {
  const values = Float64Array.from(logits);
  const h = 1e-4;
  return values.map((value, i) => {
    values[i] = value + h;
    const above = loss(values, labels, shape, a);
    values[i] = value - h;
    const below = loss(values, labels, shape, a);
    values[i] = value;
    return (above - below) / (2 * h);
  });
}

function run(logits: Float32Array, labels: Int32Array, shape: Shape, attrs: Attrs) {
  return tf.tidy(() => {
    const inputs = { logits: tf.tensor(logits, [...shape]), labels: tf.tensor(labels, shape.slice(0, 4), 'int32') };
    const [value, grad] = runKernel('SegDiceCrossEntropy', inputs, attrs);
    return { value: value!.dataSync()[0]!, grad: grad!.dataSync() as Float32Array };
  });
}

function labelsOf(seed: number, count: number, classes: number): Int32Array {
  const rng = Rng.fromSeed(seed);
  return Int32Array.from({ length: count }, () => rng.uint32() % classes);
}

const cases: [string, Shape, Partial<Attrs>][] = [
  ['three classes', [1, 3, 4, 5, 3], {}],
  ['two samples, all classes', [2, 3, 3, 3, 4], { includeBackground: true, smooth: 1 }],
  ['batch Dice', [2, 2, 3, 5, 3], { batchDice: true, crossEntropyWeight: 0.5, diceWeight: 2 }],
  ['two classes, ignored voxels', [2, 3, 3, 3, 2], { ignoreLabel: 1, includeBackground: true }],
  ['ignored label outside the classes', [1, 3, 3, 5, 3], { ignoreLabel: 3 }],
  ['one voxel', [1, 1, 1, 1, 5], { smooth: 0.1 }],
  ['nine classes', [1, 2, 3, 4, 9], {}],
];

// Differences of a float64 loss with steps of 1e-4 are good to 1e-8 of the loss, gradients are about 1e-2 of it.
const differenceTolerance = 1e-4;

describe('softmax cross-entropy with Dice', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test.each(cases)('%s', (_, shape, options) => {
    const attrs = { ...defaults, ...options };
    const before = tf.memory().numTensors;
    const voxels = volumeOf(shape.slice(0, 4));
    const logits = normals(3, voxels * shape[4], 0, 2);
    const labels = labelsOf(4, voxels, shape[4] + (attrs.ignoreLabel >= shape[4] ? 1 : 0));
    const { value, grad } = run(logits, labels, shape, attrs);
    expect(Math.abs(value - loss(logits, labels, shape, attrs))).toBeLessThan(sumTolerance);
    expect(relativeError(grad, gradient(logits, labels, shape, attrs))).toBeLessThan(differenceTolerance);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a large volume, cut into parts, has the loss of the definition', () => {
    const shape: Shape = [2, 24, 25, 26, 3];
    const voxels = volumeOf(shape.slice(0, 4));
    const logits = normals(5, voxels * 3, 0, 3);
    const labels = labelsOf(6, voxels, 3);
    const { value, grad } = run(logits, labels, shape, defaults);
    expect(Math.abs(value - loss(logits, labels, shape, defaults))).toBeLessThan(sumTolerance);
    // Softmax gradients of a voxel add up to nothing.
    const sum = grad.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum)).toBeLessThan(sumTolerance);
  });

  test('logits of a thousand neither overflow nor lose the loss', () => {
    const logits = Float32Array.from([1000, 0, 0, -1000, 0, 5]);
    const labels = Int32Array.from([1, 1]);
    const attrs = { ...defaults, diceWeight: 0 };
    const { value, grad } = run(logits, labels, [1, 1, 1, 2, 3], attrs);
    expect(value).toBeCloseTo((1000 + 5 + Math.log(1 + Math.exp(-5))) / 2, 3);
    expect([...grad].every(Number.isFinite)).toBe(true);
  });

  test('is zero with a zero gradient where every voxel is ignored', () => {
    const attrs = { ...defaults, ignoreLabel: 2, diceWeight: 0 };
    const { value, grad } = run(normals(1, 12), Int32Array.from([2, 2, 2, 2]), [1, 1, 2, 2, 3], attrs);
    expect(value).toBe(0);
    expect(grad.every((g) => g === 0)).toBe(true);
  });

  test('follows the definition for random shapes', () => {
    const size = fc.integer({ min: 1, max: 5 });
    const shape = fc.tuple(fc.integer({ min: 1, max: 3 }), size, size, size, fc.integer({ min: 2, max: 12 }));
    fc.assert(
      fc.property(shape, fc.boolean(), fc.integer({ min: 1, max: 99 }), (s, batchDice, seed) => {
        const voxels = volumeOf(s.slice(0, 4));
        const logits = normals(seed, voxels * s[4], 0, 3);
        const labels = labelsOf(seed, voxels, s[4]);
        const attrs = { ...defaults, batchDice };
        const { value } = run(logits, labels, s, attrs);
        expect(Math.abs(value - loss(logits, labels, s, attrs))).toBeLessThan(sumTolerance);
      }),
      { numRuns: 60, seed: 2 },
    );
  });
});
