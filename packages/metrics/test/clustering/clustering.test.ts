import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustedRandIndex, silhouetteScore } from '../../src/index.ts';

describe('adjustedRandIndex', () => {
  it('has known values', () => {
    expect(adjustedRandIndex([0, 0, 1, 1], ['b', 'b', 'a', 'a'])).toBe(1);
    expect(adjustedRandIndex([0, 0, 1, 2], [0, 0, 1, 1])).toBeCloseTo(4 / 7, 12);
    expect(adjustedRandIndex([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(-0.5, 12);
    expect(adjustedRandIndex([0, 0], [1, 1])).toBe(1);
    expect(adjustedRandIndex([], [])).toBe(1);
    expect(() => adjustedRandIndex([1], [])).toThrow(/length/);
  });

  it('equals the count of pairs', () => {
    const labels = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), {
      minLength: 2,
      maxLength: 20,
    });
    fc.assert(
      fc.property(labels, (pairs) => {
        let [both, onlyA, onlyB, neither] = [0, 0, 0, 0];
        for (let i = 0; i < pairs.length; i++) {
          for (let j = 0; j < i; j++) {
            const [a, b] = [pairs[i]![0] === pairs[j]![0], pairs[i]![1] === pairs[j]![1]];
            if (a && b) both++;
            else if (a) onlyA++;
            else if (b) onlyB++;
            else neither++;
          }
        }
        const below = (both + onlyA) * (onlyA + neither) + (both + onlyB) * (onlyB + neither);
        const expected = below === 0 ? 1 : (2 * (both * neither - onlyA * onlyB)) / below;
        const got = adjustedRandIndex(
          pairs.map(([a]) => a),
          pairs.map(([, b]) => b),
        );
        expect(got).toBeCloseTo(expected, 10);
      }),
    );
  });
});

describe('silhouetteScore', () => {
  it('is the mean of the points by hand', () => {
    // On a line: 0 and 1 against 4 alone. a = 1, b = 4 and 3; the single one counts 0.
    expect(silhouetteScore([0, 1, 4], ['a', 'a', 'b'])).toBeCloseTo((3 / 4 + 2 / 3 + 0) / 3, 12);
    // Squares of side 1 at distance 3, in the plane.
    const points = [0, 0, 0, 1, 3, 0, 3, 1];
    const far = (3 + Math.sqrt(10)) / 2;
    expect(silhouetteScore(points, [0, 0, 1, 1])).toBeCloseTo((far - 1) / far, 12);
  });

  it('is 0 where all points are one, and refuses one cluster or only single ones', () => {
    expect(silhouetteScore([2, 2, 2, 2], [0, 0, 1, 1])).toBe(0);
    expect(() => silhouetteScore([1, 2], [0, 0])).toThrow(/clusters/);
    expect(() => silhouetteScore([1, 2], [0, 1])).toThrow(/clusters/);
    expect(() => silhouetteScore([1, 2, 3], [0, 1])).toThrow(/labels/);
  });
});
