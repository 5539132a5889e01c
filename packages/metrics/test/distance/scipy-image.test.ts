import { describe, expect, it } from 'vitest';
import { type Connectivity, close, dilate, distanceTransform, erode, labelComponents, open } from '../../src/index.ts';
import { product, readGolden, unpackBits } from '../golden.ts';
import { agrees, ROUNDING } from '../helpers.ts';

interface ImageCase {
  readonly shape: number[];
  readonly mask: string;
  readonly spacingMm: number[];
  readonly labels: Record<string, number[]>;
  readonly morphology: {
    operation: 'erode' | 'dilate' | 'open' | 'close';
    structure: 'cross' | 'full';
    rounds: number;
    border: 0 | 1;
    result: string;
  }[];
  readonly edt?: number[];
  readonly edtToObject?: number[];
}

const golden = readGolden<{ cases: ImageCase[] }>('image.json');
const operations = { erode, dilate, open, close };

describe.each(golden.cases)('SciPy on $shape', ({ shape, mask: packed, spacingMm, labels, morphology, ...golden }) => {
  const mask = unpackBits(packed, product(shape));

  it('numbers the same components', () => {
    for (const [connectivity, expected] of Object.entries(labels)) {
      const result = labelComponents(mask, { shape, connectivity: Number(connectivity) as Connectivity });
      expect([...result.labels]).toEqual(expected);
      expect(result.count).toBe(Math.max(0, ...expected));
      result.sizes.forEach((size, i) => {
        expect(size).toBe(expected.filter((label) => label === i + 1).length);
      });
    }
  });

  it('has the same morphology', () => {
    for (const { operation, structure, rounds, border, result } of morphology) {
      const got = operations[operation](mask, { shape, structure, rounds, border });
      expect([...got], `${operation} ${structure} ${rounds} ${border}`).toEqual([...unpackBits(result, mask.length)]);
    }
  });

  it('has the same distances', () => {
    if (golden.edt === undefined) {
      // SciPy's result without any site is no distance; ours is Infinity.
      const to = mask[0] === 1 ? 'background' : 'object';
      expect(distanceTransform(mask, { shape, spacingMm, to }).every((d) => d === Number.POSITIVE_INFINITY)).toBe(true);
      return;
    }
    for (const [to, expected] of [
      ['background', golden.edt],
      ['object', golden.edtToObject],
    ] as const) {
      distanceTransform(mask, { shape, spacingMm, to }).forEach((d, i) => {
        expect(agrees(d, expected![i]!, ROUNDING), `${to} ${i}: ${d} is not ${expected![i]}`).toBe(true);
      });
    }
  });
});
