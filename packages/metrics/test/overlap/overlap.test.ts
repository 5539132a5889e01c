import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confusionCounts,
  dice,
  jaccard,
  precision,
  relativeVolumeDifference,
  sensitivity,
  specificity,
  volumeSimilarity,
} from '../../src/index.ts';

const prediction = Uint8Array.of(1, 1, 1, 0, 0, 0, 0, 0);
const reference = Uint8Array.of(0, 1, 1, 1, 1, 0, 0, 0);

describe('overlap by hand: 2 common voxels of 3 and 4, among 8', () => {
  it('has the counts and their ratios', () => {
    expect(confusionCounts(prediction, reference)).toEqual({
      truePositives: 2,
      falsePositives: 1,
      falseNegatives: 2,
      trueNegatives: 3,
    });
    expect(dice(prediction, reference)).toBe(4 / 7);
    expect(jaccard(prediction, reference)).toBe(2 / 5);
    expect(sensitivity(prediction, reference)).toBe(2 / 4);
    expect(specificity(prediction, reference)).toBe(3 / 4);
    expect(precision(prediction, reference)).toBe(2 / 3);
    expect(volumeSimilarity(prediction, reference)).toBeCloseTo(1 - 1 / 7, 15);
    expect(relativeVolumeDifference(prediction, reference)).toBe(-1 / 4);
  });

  it('takes one label, several, or everything but 0', () => {
    const p = Int16Array.of(0, 1, 2, -1, 300);
    const g = Int16Array.of(0, 2, 2, -1, 0);
    expect(dice(p, g)).toBe(6 / 7);
    expect(dice(p, g, { label: 2 })).toBe(2 / 3);
    expect(dice(p, g, { label: [1, 2] })).toBe(1);
    expect(dice(p, g, { label: -1 })).toBe(1);
    expect(dice(p, g, { label: 300 })).toBe(0);
    expect(dice(p, g, { label: 0 })).toBe(2 / 3);
  });

  it('reads every kind of array alike, also beyond one block', () => {
    const n = 10_000;
    const a = Uint8Array.from({ length: n }, (_, i) => (i * 7919) % 3);
    const b = Uint8Array.from({ length: n }, (_, i) => (i * 104_729) % 3);
    const expected = confusionCounts(a, b, { label: 2 });
    let truth = 0;
    for (let i = 0; i < n; i++) if (a[i] === 2 && b[i] === 2) truth++;
    expect(expected.truePositives).toBe(truth);
    for (const Kind of [Int8Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) {
      expect(confusionCounts(Kind.from(a), Kind.from(b), { label: 2 })).toEqual(expected);
      expect(confusionCounts(Kind.from(a), b, { label: 2 })).toEqual(expected);
    }
  });
});

describe('0/0', () => {
  const none = new Uint8Array(4);
  const all = Uint8Array.of(1, 1, 1, 1);

  it('is NaN, or what was asked for', () => {
    for (const measure of [dice, jaccard, sensitivity, precision, relativeVolumeDifference]) {
      expect(measure(none, none)).toBeNaN();
      expect(measure(none, none, { empty: 1 })).toBe(1);
      expect(measure(none, none, { empty: 0 })).toBe(0);
    }
    expect(specificity(all, all)).toBeNaN();
    expect(volumeSimilarity(none, none)).toBe(1);
  });

  it('does not hide a false prediction: an empty reference gives 0', () => {
    expect(dice(all, none, { empty: 1 })).toBe(0);
    expect(jaccard(all, none, { empty: 1 })).toBe(0);
    expect(volumeSimilarity(all, none)).toBe(0);
    expect(relativeVolumeDifference(all, none)).toBe(Number.POSITIVE_INFINITY);
    expect(confusionCounts(new Uint8Array(0), new Uint8Array(0)).trueNegatives).toBe(0);
  });
});

describe('properties', () => {
  const masks = fc
    .integer({ min: 1, max: 60 })
    .chain((n) => fc.tuple(...[0, 1].map(() => fc.uint8Array({ minLength: n, maxLength: n, max: 3 }))));

  it('Dice and Jaccard are symmetric and tied by D = 2J / (1 + J)', () => {
    fc.assert(
      fc.property(masks, ([p, g]) => {
        const [d, j] = [dice(p!, g!, { label: 2, empty: 1 }), jaccard(p!, g!, { label: 2, empty: 1 })];
        expect(d).toBe(dice(g!, p!, { label: 2, empty: 1 }));
        expect(d).toBeCloseTo((2 * j) / (1 + j), 12);
        expect(sensitivity(p!, g!, { label: 2 })).toEqual(precision(g!, p!, { label: 2 }));
      }),
    );
  });

  it('a permutation of the labels permutes the measures', () => {
    const permuted = [2, 0, 3, 1];
    fc.assert(
      fc.property(masks, fc.integer({ min: 0, max: 3 }), ([p, g], label) => {
        const swap = (map: Uint8Array): Uint8Array => map.map((value) => permuted[value]!);
        expect(dice(swap(p!), swap(g!), { label: permuted[label]! })).toEqual(dice(p!, g!, { label }));
      }),
    );
  });
});

describe('bad input', () => {
  it('is refused with a reason', () => {
    expect(() => dice(new Uint8Array(3), new Uint8Array(4))).toThrow(/differ in size/);
    expect(() => dice([1, 0] as unknown as Uint8Array, new Uint8Array(2))).toThrow(/differ in size/);
    expect(() => dice(Float32Array.of(1, Number.NaN), new Uint8Array(2))).toThrow(/NaN at index 1/);
    expect(() => dice(prediction, reference, { label: 1.5 })).toThrow(/integers/);
    expect(() => dice(prediction, reference, { label: [] })).toThrow(/integers/);
    expect(() => dice(prediction, reference, { empty: 2 as 1 })).toThrow(/empty masks/);
  });
});
