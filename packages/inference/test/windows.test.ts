import { readFileSync } from 'node:fs';
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

  it('has the lists of nnU-Net for all of its steps, whichever way the overlap was computed', () => {
    const file = new URL('../fixtures/window-starts.json', import.meta.url);
    const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly cases: readonly {
        readonly overlaps: readonly number[];
        /** Window, voxels beyond it, number of windows, checksum of their starts. */
        readonly lists: readonly (readonly [number, number, number, number])[];
      }[];
    };
    let compared = 0;
    for (const { overlaps, lists } of cases) {
      for (const overlap of overlaps) {
        for (const [window, rest, count, checksum] of lists) {
          const starts = windowStarts(window + rest, window, overlap);
          const sum = starts.reduce((total, start, i) => (total * 31 + start * (i + 1)) % 1_000_003, 0);
          expect([window, rest, overlap, starts.length, sum]).toEqual([window, rest, overlap, count, checksum]);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(10_000);
  });

  it.each([
    // By hand: 20 * 0.1 = 2 fits into 2 once, 25 * 0.1 = 2.5 into 5 twice, 6 / 3 = 2 into 4 twice.
    [22, 20, 0.9, [0, 2]],
    [30, 25, 0.9, [0, 2, 5]],
    [10, 6, 1 - 1 / 3, [0, 2, 4]],
    [10, 6, 2 / 3, [0, 2, 4]],
    // An overlap that is no simple fraction is taken as it is: 20 * 0.09999 is less than 2.
    [22, 20, 0.90001, [0, 1, 2]],
  ])('no window from the rounding of 1 - overlap: %i / %i with %d', (size, window, overlap, expected) => {
    expect(windowStarts(size, window, overlap)).toEqual(expected);
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
