import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importanceProfile, windowStarts } from '../src/index.ts';
import { ScoreAccumulator } from '../src/score-accumulator.ts';

describe('windowStarts', () => {
  it.each([
    [110, 64, [0, 23, 46]],
    [51, 32, [0, 10, 19]],
    [36, 32, [0, 4]],
    [32, 32, [0]],
    [3, 1, [0, 1, 2]],
  ])('places windows as nnU-Net does: %i / %i', (size, window, expected) => {
    expect(windowStarts(size, window, 0.5)).toEqual(expected);
  });

  it('covers the axis, begins at 0, ends at the end and overlaps as asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 100 }),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        (window, rest, overlap) => {
          const starts = windowStarts(window + rest, window, overlap);
          expect(starts[0]).toBe(0);
          expect(starts.at(-1)).toBe(rest);
          for (let i = 1; i < starts.length; i++) {
            const step = starts[i]! - starts[i - 1]!;
            expect(step).toBeGreaterThanOrEqual(1);
            // Rounding may move two neighbours apart by one voxel at most, and never leaves a gap.
            expect(step).toBeLessThanOrEqual(Math.min(window, Math.max(1, window * (1 - overlap)) + 1));
          }
        },
      ),
    );
  });

  it('refuses windows larger than the axis and overlaps outside [0, 1)', () => {
    expect(() => windowStarts(10, 11)).toThrow(/window inside the axis/);
    expect(() => windowStarts(10, 5, 1)).toThrow(/overlap/);
  });
});

describe('importanceProfile', () => {
  it("is nnU-Net's Gaussian: peak at floor(size / 2), sigma size / 8", () => {
    const expected = [0.00034, 0.01111, 0.13534, 0.60653, 1, 0.60653, 0.13534, 0.01111];
    importanceProfile(8).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
    expect(importanceProfile(7).indexOf(1)).toBe(3);
    expect([...importanceProfile(3, 'constant')]).toEqual([1, 1, 1]);
  });
});

describe('ScoreAccumulator', () => {
  it('holds one window length along the axis where that saves most', () => {
    expect(new ScoreAccumulator([100, 50, 40], [20, 20, 20], 3).byteLength).toBe(20 * 50 * 40 * 3 * 4);
    expect(new ScoreAccumulator([9, 112, 112], [9, 112, 28], 2).byteLength).toBe(9 * 112 * 28 * 2 * 4);
  });
});
