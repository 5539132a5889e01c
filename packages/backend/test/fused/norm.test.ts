import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { elementTolerance, normals, relativeError, runKernel, sumTolerance, volumeOf } from './support.ts';

interface Case {
  readonly shape: readonly [number, number, number, number, number];
  readonly groups: number;
  readonly epsilon: number;
  readonly slope: number;
  readonly mean: number;
}

/** Norm, activation and all gradients in float64. */
function reference(x: Float32Array, scale: Float32Array, offset: Float32Array, dy: Float32Array, c: Case) {
  const [N, , , , C] = c.shape;
  const P = volumeOf(c.shape.slice(1, 4));
  const size = C / c.groups;
  const out = {
    y: new Float64Array(x.length),
    mean: new Float64Array(N * c.groups),
    invStd: new Float64Array(N * c.groups),
    dx: new Float64Array(x.length),
    dScale: new Float64Array(C),
    dOffset: new Float64Array(C),
  };
  for (let n = 0; n < N; n++) {
    for (let g = 0; g < c.groups; g++) {
      const places: [number, number][] = [];
      for (let p = 0; p < P; p++) for (let k = g * size; k < (g + 1) * size; k++) places.push([(n * P + p) * C + k, k]);
      const mean = places.reduce((s, [i]) => s + x[i]!, 0) / places.length;
      const variance = places.reduce((s, [i]) => s + (x[i]! - mean) ** 2, 0) / places.length;
      const r = 1 / Math.sqrt(variance + c.epsilon);
      out.mean[n * c.groups + g] = mean;
      out.invStd[n * c.groups + g] = r;
      let sum = 0;
      let product = 0;
      const inner = places.map(([i, k]) => {
        const normalised = (x[i]! - mean) * r;
        const z = scale[k]! * normalised + offset[k]!;
        out.y[i] = z < 0 ? c.slope * z : z;
        // PyTorch's rule: at 0 the gradient is the slope.
        const dz = dy[i]! * (z > 0 ? 1 : c.slope);
        out.dScale[k]! += dz * normalised;
        out.dOffset[k]! += dz;
        sum += dz * scale[k]!;
        product += dz * scale[k]! * normalised;
        return { i, normalised, d: dz * scale[k]! };
      });
      for (const { i, normalised, d } of inner) {
        out.dx[i] = r * (d - sum / places.length - (normalised * product) / places.length);
      }
    }
  }
  return out;
}

interface Inputs {
  readonly x: Float32Array;
  readonly scale: Float32Array;
  readonly offset: Float32Array;
  readonly dy: Float32Array;
}

function run(c: Case, seed: number, given: Partial<Inputs> = {}) {
  const size = volumeOf(c.shape);
  const C = c.shape[4];
  const values: Inputs = {
    x: normals(seed, size, c.mean),
    scale: normals(seed + 1, C, 1, 0.3),
    offset: normals(seed + 2, C, 0, 0.3),
    dy: normals(seed + 3, size),
    ...given,
  };
  const found = tf.tidy(() => {
    const x = tf.tensor(values.x, [...c.shape]);
    const scale = tf.tensor1d(values.scale);
    const offset = tf.tensor1d(values.offset);
    const attrs = { groups: c.groups, epsilon: c.epsilon, negativeSlope: c.slope };
    const [y, mean, invStd] = runKernel('SegNormActivation', { x, scale, offset }, attrs);
    const dy = tf.tensor(values.dy, [...c.shape]);
    const inputs = { x, scale, offset, mean: mean!, invStd: invStd!, dy };
    const [dx, dScale, dOffset] = runKernel('SegNormActivationGrad', inputs, attrs);
    const all = { y, mean, invStd, dx, dScale, dOffset };
    return Object.fromEntries(Object.entries(all).map(([name, t]) => [name, t!.dataSync()]));
  });
  return { found, expected: reference(values.x, values.scale, values.offset, values.dy, c) };
}

// A value at the kink may fall on either side of it by rounding; seeds are chosen so that none does.
const cases: [string, Case][] = [
  ['instance norm, 16 channels', { shape: [1, 5, 6, 7, 16], groups: 16, epsilon: 1e-5, slope: 0.01, mean: 0.5 }],
  ['two samples, 20 channels', { shape: [2, 4, 3, 5, 20], groups: 20, epsilon: 1e-5, slope: 0.2, mean: 0 }],
  ['odd channels and positions', { shape: [2, 3, 5, 3, 7], groups: 7, epsilon: 1e-5, slope: 0.01, mean: 0 }],
  ['two channels', { shape: [1, 3, 3, 3, 2], groups: 2, epsilon: 1e-3, slope: 0, mean: 0 }],
  ['one channel', { shape: [2, 2, 3, 3, 1], groups: 1, epsilon: 1e-5, slope: 1, mean: 0 }],
  ['groups of four', { shape: [2, 4, 4, 3, 12], groups: 3, epsilon: 1e-5, slope: 0.01, mean: 1 }],
  ['layer norm, no activation', { shape: [1, 3, 4, 5, 6], groups: 1, epsilon: 1e-5, slope: 1, mean: 0 }],
  ['many positions in several parts', { shape: [1, 32, 33, 31, 5], groups: 5, epsilon: 1e-5, slope: 0.01, mean: 0 }],
  ['wide rows', { shape: [1, 2, 3, 2, 320], groups: 320, epsilon: 1e-5, slope: 0.01, mean: 0 }],
];

/** Float32 holds values near 1000 to 3e-5, a hundred-thousandth of the spread that the outlier leaves. */
const outlierTolerance = 5e-5;

describe('norm with leaky ReLU', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test.each(cases)('%s', (_, c) => {
    const before = tf.memory().numTensors;
    const { found, expected } = run(c, 7);
    expect(relativeError(found.y!, expected.y)).toBeLessThan(elementTolerance);
    // The means are near 0 in places, where float32 sums of values near 1 are relatively less exact.
    expect(relativeError(found.mean!, expected.mean)).toBeLessThan(sumTolerance);
    expect(relativeError(found.invStd!, expected.invStd)).toBeLessThan(elementTolerance);
    expect(relativeError(found.dx!, expected.dx)).toBeLessThan(sumTolerance);
    expect(relativeError(found.dScale!, expected.dScale)).toBeLessThan(sumTolerance);
    expect(relativeError(found.dOffset!, expected.dOffset)).toBeLessThan(sumTolerance);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('keeps its accuracy where the mean is 1000 times the spread', () => {
    const c: Case = { shape: [1, 8, 9, 10, 8], groups: 8, epsilon: 1e-5, slope: 1, mean: 1000 };
    const { found, expected } = run(c, 11);
    // Float32 holds values near 1000 to 3e-5, so a perfect algorithm is off by about that much in units of the spread.
    const inputRounding = 2e-4;
    expect(relativeError(found.invStd!, expected.invStd)).toBeLessThan(sumTolerance);
    expect(relativeError(found.y!, expected.y)).toBeLessThan(inputRounding);
    expect(relativeError(found.dx!, expected.dx)).toBeLessThan(inputRounding);
  });

  test('gives zero for a constant channel and survives a single voxel', () => {
    const y = tf.tidy(() => {
      const inputs = { x: tf.fill([1, 1, 1, 1, 3], 5), scale: tf.ones([3]), offset: tf.zeros([3]) };
      return runKernel('SegNormActivation', inputs, { groups: 3, epsilon: 1e-5, negativeSlope: 0.01 })[0]!.dataSync();
    });
    expect([...y]).toEqual([0, 0, 0]);
  });

  test('keeps its accuracy where the first voxel is an outlier, as the corner of a masked volume is', () => {
    const before = tf.memory().numTensors;
    const c: Case = { shape: [1, 32, 32, 32, 8], groups: 8, epsilon: 1e-5, slope: 1, mean: 1000 };
    const x = normals(13, volumeOf(c.shape), 1000);
    x.fill(0, 0, 8);
    const { found, expected } = run(c, 13, { x });
    // Without the outlier itself, whose value is a hundred times the others'.
    const rest = (values: ArrayLike<number>) => Array.from(values).slice(8);
    expect(relativeError(rest(found.y!), rest(expected.y))).toBeLessThan(outlierTolerance);
    expect(relativeError(rest(found.dx!), rest(expected.dx))).toBeLessThan(outlierTolerance);
    expect(relativeError(found.invStd!, expected.invStd)).toBeLessThan(outlierTolerance);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([1, 3, 4, 8, 20])("at 0 the gradient of the leaky ReLU is the slope, as PyTorch's, %i channels", (C) => {
    const before = tf.memory().numTensors;
    const c: Case = { shape: [2, 2, 3, 3, C], groups: C, epsilon: 1e-5, slope: 0.25, mean: 0 };
    const size = volumeOf(c.shape);
    const { found, expected } = run(c, 17, {
      x: new Float32Array(size).fill(5),
      offset: new Float32Array(C),
    });
    expect([...found.y!].every((v) => v === 0)).toBe(true);
    expect(relativeError(found.dx!, expected.dx)).toBeLessThan(sumTolerance);
    expect(relativeError(found.dOffset!, expected.dOffset)).toBeLessThan(sumTolerance);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('agrees with float64 loops for random shapes', () => {
    const shape = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 1, max: 37 }),
    );
    fc.assert(
      fc.property(shape, fc.integer({ min: 1, max: 1000 }), (s, seed) => {
        // A slope of 1 has no kink, so rounding cannot flip the activation of a value near 0.
        const c: Case = { shape: s, groups: s[4], epsilon: 1e-3, slope: 1, mean: 0 };
        const { found, expected } = run(c, seed);
        expect(relativeError(found.y!, expected.y)).toBeLessThan(sumTolerance);
        expect(relativeError(found.dx!, expected.dx)).toBeLessThan(1e-4);
        expect(relativeError(found.dOffset!, expected.dOffset)).toBeLessThan(sumTolerance);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
