import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import {
  checkParams,
  countParams,
  disposeParams,
  filterParams,
  initialValues,
  mapParams,
  type ParamSpecs,
  Rng,
} from '../src/index.ts';

const specs: ParamSpecs = {
  'conv.kernel': { shape: [3, 3, 3, 4, 8], role: 'kernel', init: { kind: 'kaimingNormal', negativeSlope: 0.01 } },
  'conv.bias': { shape: [8], role: 'bias', init: { kind: 'constant', value: 0.5 } },
};

const standardDeviation = (v: Float32Array) => Math.sqrt(v.reduce((s, x) => s + x * x, 0) / v.length);

describe('initialValues', () => {
  it('follows the initialisers, with fan-in over all axes but the last', () => {
    const rng = Rng.fromSeed(1);
    const shape = [3, 3, 3, 16, 32]; // 13,824 values: 5 sigma of a standard deviation is 3 %
    const values = (init: Parameters<typeof initialValues>[0]['init'], fanIn?: number) =>
      initialValues({ shape, role: 'kernel', init, ...(fanIn === undefined ? {} : { fanIn }) }, rng);
    const near = (v: Float32Array, sd: number) => expect(standardDeviation(v) / sd).toBeCloseTo(1, 1);
    near(values({ kind: 'kaimingNormal' }), Math.sqrt(2 / 432));
    near(values({ kind: 'kaimingNormal', negativeSlope: 1 }), Math.sqrt(1 / 432));
    near(values({ kind: 'normal', standardDeviation: 0.05 }), 0.05);
    near(values({ kind: 'kaimingUniform' }), Math.sqrt(2 / 432));
    near(values({ kind: 'fanInUniform' }, 100), 0.1 / Math.sqrt(3));
    expect(Math.max(...values({ kind: 'fanInUniform' }))).toBeLessThan(1 / Math.sqrt(432));
    expect([...new Set(initialValues(specs['conv.bias']!, rng))]).toEqual([0.5]);
  });
});

describe('parameter maps', () => {
  it('counts, filters, maps and disposes', () => {
    expect(countParams(specs)).toBe(27 * 32 + 8);
    const before = tf.memory().numTensors;
    const params = { 'conv.kernel': tf.zeros([3, 3, 3, 4, 8]), 'conv.bias': tf.ones([8]) };
    expect(Object.keys(filterParams(params, (n) => n.endsWith('bias')))).toEqual(['conv.bias']);
    const doubled = mapParams(params, (t) => tf.mul(t, 2));
    expect(doubled['conv.bias']!.dataSync()[0]).toBe(2);
    disposeParams(doubled);
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('lists everything that does not fit', () => {
    const params = { 'conv.kernel': tf.zeros([1]), extra: tf.zeros([1]) };
    expect(() => checkParams('apply', params, specs)).toThrow(
      /conv\.kernel has shape \[1\] instead of \[3,3,3,4,8\]; conv\.bias is missing; extra is unknown/,
    );
    disposeParams(params);
  });
});
