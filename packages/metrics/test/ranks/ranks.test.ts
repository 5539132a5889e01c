import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auroc, averageRanks, kendall, qualityControlCurve, spearman } from '../../src/index.ts';

describe('averageRanks', () => {
  it('shares the ranks of ties and leaves NaN out', () => {
    expect([...averageRanks([1, 2, 2, 3, 5])]).toEqual([1, 2.5, 2.5, 4, 5]);
    expect([...averageRanks([Number.POSITIVE_INFINITY, Number.NaN, -1, Number.POSITIVE_INFINITY])]).toEqual([
      2.5,
      Number.NaN,
      1,
      2.5,
    ]);
    expect(averageRanks([])).toHaveLength(0);
  });
});

describe('spearman and kendall', () => {
  it('are right with ties', () => {
    const result = spearman([1, 2, 2, 3, 5], [2, 1, 3, 3, 10]);
    expect(result.coefficient).toBeCloseTo(0.7631579, 7);
    expect(result.n).toBe(5);
  });

  it('are NaN for constant or missing input', () => {
    for (const correlate of [spearman, kendall]) {
      expect(correlate([1, 1, 1], [1, 2, 3]).coefficient).toBeNaN();
      expect(correlate([], []).coefficient).toBeNaN();
      expect(correlate([1], [2]).coefficient).toBeNaN();
    }
    expect(spearman([1, 1, 1], [1, 2, 3]).pValue).toBeNaN();
  });

  it('drop pairs that are not finite and say how many are left, or rank infinity last', () => {
    const x = [1, 2, Number.NaN, 4, Number.POSITIVE_INFINITY];
    const y = [1, 2, 3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    expect(spearman(x, y)).toMatchObject({ coefficient: 1, n: 2 });
    expect(spearman(x, y, { infinite: 'last' }).n).toBe(4);
    expect(spearman(x, y, { infinite: 'last' }).coefficient).toBeCloseTo(4.5 / Math.sqrt(5 * 4.5), 12);
    expect(kendall(x, y, { infinite: 'last' }).coefficient).toBeCloseTo(5 / Math.sqrt(6 * 5), 12);
    expect(() => spearman([1], [])).toThrow(/length/);
    expect(() => spearman([1], [1], { infinite: 'first' as 'last' })).toThrow(/drop \| last/);
  });
});

describe('auroc', () => {
  it('counts ties half', () => {
    expect(auroc([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1])).toBe(0.875);
    expect(auroc([1, 1, 1], [0, 1, 1])).toBe(0.5);
    expect(auroc([1, 2], [1, 1])).toBeNaN();
    expect(auroc([1, 2], [false, false])).toBeNaN();
    expect(auroc([Number.NaN, 1, 2], [1, 0, 1])).toBe(1);
    expect(() => auroc([1], [])).toThrow(/length/);
  });

  it('equals all pairs compared', () => {
    const sample = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(sample, (pairs) => {
        const [positives, negatives] = [true, false].map((side) => pairs.filter(([, label]) => label === side));
        let wins = 0;
        for (const [a] of positives!) for (const [b] of negatives!) wins += a > b ? 1 : a === b ? 0.5 : 0;
        const expected = wins / (positives!.length * negatives!.length);
        const got = auroc(
          pairs.map(([score]) => score),
          pairs.map(([, label]) => label),
        );
        if (Number.isNaN(expected)) expect(got).toBeNaN();
        else expect(got).toBeCloseTo(expected, 12);
      }),
    );
  });
});

describe('qualityControlCurve', () => {
  it('has the known curve and areas', () => {
    const curve = qualityControlCurve([0.9, 0.8, 0.5, 0.4, 0.2, 0.1], [1, 0, 1, 0, 0, 1]);
    [3, 2, 2, 1, 1, 1, 0].forEach((left, k) => {
      expect(curve.poor[k]).toBeCloseTo(left / 6, 12);
      expect(curve.reviewed[k]).toBe(k / 6);
    });
    expect(curve.auc).toBeCloseTo(0.2361111, 7);
    expect(curve).toMatchObject({ random: 0.25, ideal: 0.125, worst: 0.375, reviewedAtTarget: 1 });
    expect(curve.normalised).toBeCloseTo((0.2361111 - 0.125) / 0.125, 6);
    expect(curve.auroc).toBeCloseTo(5 / 9, 12);
    expect(qualityControlCurve([3, 2, 1, 0], [1, 1, 0, 0], { target: 0.3 }).reviewedAtTarget).toBe(0.25);
  });

  it('does not depend on the order of the input, and all ties are random', () => {
    const cases = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.boolean()), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(cases, (pairs) => {
        const of = (list: [number, boolean][]): ReturnType<typeof qualityControlCurve> =>
          qualityControlCurve(
            list.map(([u]) => u),
            list.map(([, poor]) => poor),
          );
        const curve = of(pairs);
        expect(of(pairs.slice().reverse())).toEqual(curve);
        expect(curve.auc).toBeGreaterThanOrEqual(curve.ideal - 1e-12);
        expect(curve.auc).toBeLessThanOrEqual(curve.worst + 1e-12);
        expect(of(pairs.map(([, poor]) => [1, poor])).auc).toBeCloseTo(curve.random, 12);
      }),
    );
  });

  it('is defined without poor cases and refuses NaN and nothing', () => {
    expect(qualityControlCurve([1, 2], [0, 0])).toMatchObject({ auc: 0, normalised: Number.NaN, reviewedAtTarget: 0 });
    expect(() => qualityControlCurve([], [])).toThrow(/cases/);
    expect(() => qualityControlCurve([Number.NaN], [1])).toThrow(/NaN/);
    expect(() => qualityControlCurve([1], [1], { target: Number.NaN })).toThrow(/target/);
    expect(() => qualityControlCurve([1], [])).toThrow(/length/);
  });
});
