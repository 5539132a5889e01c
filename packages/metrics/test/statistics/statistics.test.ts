import { Rng } from '@seg/core';
import { describe, expect, it } from 'vitest';
import { bootstrapMean, pairedBootstrap, pairedTTest, signTest, wilcoxonTest } from '../../src/index.ts';

describe('paired tests', () => {
  it('leave pairs out that are not finite', () => {
    const a = [1, 2, 4, Number.NaN, Number.POSITIVE_INFINITY];
    const b = [0, 0, 1, 1, 1];
    expect(pairedTTest(a, b)).toMatchObject({ n: 3, meanDifference: 2, degreesOfFreedom: 2 });
    expect(wilcoxonTest(a, b)).toMatchObject({
      n: 3,
      positiveRanks: 6,
      negativeRanks: 0,
      method: 'exact',
      pValue: 0.25,
    });
    expect(signTest(a, b)).toMatchObject({ n: 3, positive: 3, negative: 0 });
    expect(signTest(a, b).pValue).toBeCloseTo(0.25, 12);
  });

  it('are NaN without anything to compare', () => {
    expect(pairedTTest([], []).pValue).toBeNaN();
    expect(pairedTTest([1], [0]).pValue).toBeNaN();
    expect(pairedTTest([1, 1], [1, 1]).pValue).toBeNaN();
    expect(wilcoxonTest([1, 1], [1, 1])).toMatchObject({ n: 0, pValue: Number.NaN });
    expect(signTest([], []).pValue).toBeNaN();
  });

  it('know that equal differences leave no doubt', () => {
    expect(pairedTTest([2, 3], [1, 2])).toMatchObject({ statistic: Number.POSITIVE_INFINITY, pValue: 0 });
    expect(pairedTTest([2, 3], [1, 2], { alternative: 'less' }).pValue).toBe(1);
  });

  it('refuse unequal lists and unknown alternatives', () => {
    expect(() => pairedTTest([1], [])).toThrow(/equally many/);
    expect(() => wilcoxonTest([1], [1], { alternative: 'bigger' as 'greater' })).toThrow(/two-sided/);
  });
});

describe('bootstrap', () => {
  const rng = Rng.fromSeed(11);
  const values = rng.fillNormal(new Float64Array(200), 3, 2);

  it('draws the values of a group together', () => {
    // Two scans each of three patients: whole patients give 27 equally likely resamples, whose means are those of three
    // draws of 0, 1 and 5; single scans would give a narrower distribution.
    const values = [0, 0, 1, 1, 5, 5];
    const groups = ['P', 'P', 'Q', 'Q', 'R', 'R'];
    const exact: number[] = [];
    for (const a of [0, 1, 5]) for (const b of [0, 1, 5]) for (const c of [0, 1, 5]) exact.push((a + b + c) / 3);
    const centre = exact.reduce((sum, v) => sum + v, 0) / 27;
    const spread = Math.sqrt(exact.reduce((sum, v) => sum + (v - centre) ** 2, 0) / 27);
    const byPatient = bootstrapMean(values, { rng: Rng.fromSeed(3), groups });
    expect(byPatient.mean).toBe(2);
    expect(byPatient.n).toBe(6);
    // 10 000 resamples know the standard error to about 1 %.
    expect(byPatient.standardError / spread).toBeCloseTo(1, 1);
    expect([byPatient.low, byPatient.high]).toEqual([0, 5]);
    const byScan = bootstrapMean(values, { rng: Rng.fromSeed(3) });
    expect(byScan.standardError / spread).toBeCloseTo(Math.SQRT1_2, 1);
    // Values that are not finite go, their groups with them; 1 - 0 and 1 - 5 are left.
    const paired = pairedBootstrap([1, 1, Number.NaN], [0, 5, 2], {
      rng: Rng.fromSeed(4),
      groups: ['P', 'P', 'Q'],
    });
    expect(paired).toMatchObject({ mean: -1.5, low: -1.5, high: -1.5, n: 2 });
    expect(() => bootstrapMean(values, { rng: Rng.fromSeed(1), groups: ['P'] })).toThrow(/group for each value/);
  });

  it('has the standard error and interval of the normal theory', () => {
    const n = values.length;
    const mean = values.reduce((a, b) => a + b) / n;
    const error = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n / n);
    const result = bootstrapMean(values, { rng: rng.fork('mean') });
    expect(result.mean).toBeCloseTo(mean, 12);
    expect(result.n).toBe(n);
    // 10 000 resamples: the error is known to 1 %, quantiles to 3 %.
    expect(Math.abs(result.standardError / error - 1)).toBeLessThan(0.03);
    expect(Math.abs((result.low - mean) / error + 1.96)).toBeLessThan(0.15);
    expect(Math.abs((result.high - mean) / error - 1.96)).toBeLessThan(0.15);
  });

  it('draws pairs together, repeats itself for the same seed, and sees a difference', () => {
    const other = values.map((value, i) => value - 0.1 + 0.01 * (i % 7));
    const run = () => pairedBootstrap(values, other, { rng: Rng.fromSeed(1), resamples: 2000 });
    expect(run()).toEqual(run());
    expect(run().mean).toBeCloseTo(values.reduce((sum, v, i) => sum + v - other[i]!, 0) / values.length, 12);
    expect(run().pValue).toBeCloseTo(2 / 2001, 12);
    expect(pairedBootstrap(values, values, { rng: Rng.fromSeed(1), resamples: 50 })).toMatchObject({
      mean: 0,
      low: 0,
      high: 0,
      pValue: 1,
    });
  });

  it('is NaN without values and refuses bad options', () => {
    const empty = bootstrapMean([Number.NaN], { rng });
    expect([empty.mean, empty.low, empty.high]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(pairedBootstrap([], [], { rng }).pValue).toBeNaN();
    expect(() => bootstrapMean([1], { rng, resamples: 0 })).toThrow(/resamples/);
    expect(() => bootstrapMean([1], { rng, confidence: 1 })).toThrow(/confidence/);
  });
});
