import { Rng, type Triple } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addGaussianNoise,
  addRicianNoise,
  gammaTransform,
  gaussianBlur,
  scaleBrightness,
  scaleContrast,
  simulateLowResolution,
} from '../src/index.ts';

const values = fc
  .array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 40 })
  .map((list) => Float32Array.from(list));

function moments(data: Float32Array): { mean: number; sd: number } {
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return { mean, sd: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length) };
}

describe('noise', () => {
  it('adds normal noise of the given deviation', () => {
    const { mean, sd } = moments(addGaussianNoise(new Float32Array(40_000).fill(5), 0.5, Rng.fromSeed(1)));
    // Standard errors at 40,000 draws: 0.0025 of the mean, 0.0018 of the deviation; four of each.
    expect(Math.abs(mean - 5)).toBeLessThan(0.01);
    expect(Math.abs(sd - 0.5)).toBeLessThan(0.007);
  });

  it('gives Rayleigh noise where there is no signal, and stays non-negative', () => {
    const noisy = addRicianNoise(new Float32Array(40_000), 0.2, Rng.fromSeed(2));
    expect(Math.min(...noisy.subarray(0, 10_000))).toBeGreaterThanOrEqual(0);
    expect(Math.abs(moments(noisy).mean - 0.2 * Math.sqrt(Math.PI / 2))).toBeLessThan(0.003);
  });
});

describe('brightness and contrast', () => {
  it('multiplies', () => {
    expect([...scaleBrightness(Float32Array.of(1, -2), 1.5)]).toEqual([1.5, -3]);
  });

  it('stretches about the mean and clips to the old range', () => {
    expect([...scaleContrast(Float32Array.of(0, 2, 4), 0.5)]).toEqual([1, 2, 3]);
    expect([...scaleContrast(Float32Array.of(0, 1, 3, 4), 2)]).toEqual([0, 0, 4, 4]);
    expect([...scaleContrast(Float32Array.of(0, 1, 3, 4), 2, { preserveRange: false })]).toEqual([-2, 0, 4, 6]);
  });
});

describe('gamma', () => {
  it('raises the unit range to gamma', () => {
    const squared = gammaTransform(Float32Array.of(1, 2, 3), 2, { retainStatistics: false });
    expect([...squared]).toEqual([1, 1.5, 3]);
  });

  it('works on the negative image where inverted', () => {
    // -x = -3, -2, -1: the middle goes to -3 + 2 * 0.25 = -2.5.
    expect([...gammaTransform(Float32Array.of(1, 2, 3), 2, { invert: true, retainStatistics: false })]).toEqual([
      1, 2.5, 3,
    ]);
  });

  it('keeps mean, deviation and order', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.7, max: 1.5, noNaN: true }), fc.boolean(), (data, gamma, invert) => {
        const before = moments(data);
        fc.pre(before.sd > 1e-2);
        const after = gammaTransform(data.slice(), gamma, { invert });
        expect(Math.abs(moments(after).mean - before.mean)).toBeLessThan(1e-3);
        expect(Math.abs(moments(after).sd - before.sd)).toBeLessThan(1e-3 * before.sd + 1e-4);
        const order = [...data.keys()].sort((a, b) => data[a]! - data[b]!);
        for (let i = 1; i < order.length; i++) expect(after[order[i]!]! - after[order[i - 1]!]!).toBeGreaterThan(-1e-3);
      }),
    );
  });

  it('leaves a constant channel alone and refuses gamma 0', () => {
    expect([...gammaTransform(Float32Array.of(3, 3), 1.3)]).toEqual([3, 3]);
    expect(() => gammaTransform(Float32Array.of(1, 2), 0)).toThrow(/gamma must be positive/);
  });
});

describe('blur and low resolution', () => {
  const shape: Triple = [5, 6, 7];

  it('keep a constant image', () => {
    const constant = new Float32Array(210).fill(2.5);
    for (const value of gaussianBlur(constant.slice(), shape, 1)) expect(value).toBeCloseTo(2.5, 5);
    for (const value of simulateLowResolution(constant.slice(), shape, 0.5)) expect(value).toBeCloseTo(2.5, 5);
  });

  it('conserve the sum (blur) and change nothing at zoom 1', () => {
    const image = Rng.fromSeed(4).fillNormal(new Float32Array(210));
    const sum = (data: Float32Array) => data.reduce((a, b) => a + b, 0);
    expect(sum(gaussianBlur(image.slice(), shape, 0.8))).toBeCloseTo(sum(image), 3);
    expect(simulateLowResolution(image.slice(), shape, 1)).toEqual(image);
  });

  it('work on single slices', () => {
    const slice = Rng.fromSeed(4).fillNormal(new Float32Array(42));
    expect(gaussianBlur(slice.slice(), [1, 6, 7], 1).every(Number.isFinite)).toBe(true);
    expect(simulateLowResolution(slice.slice(), [1, 6, 7], 0.5).every(Number.isFinite)).toBe(true);
  });

  it('refuse wrong arguments', () => {
    expect(() => gaussianBlur(new Float32Array(4), shape, 1)).toThrow(/one channel/);
    expect(() => simulateLowResolution(new Float32Array(210), shape, 1.5)).toThrow(/zooms/);
  });
});
