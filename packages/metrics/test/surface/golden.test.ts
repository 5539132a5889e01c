import { describe, expect, it } from 'vitest';
import {
  asd,
  assd,
  dice,
  hausdorffDistance,
  hd95,
  jaccard,
  precision,
  relativeVolumeDifference,
  sensitivity,
  specificity,
  surfaceDice,
  surfaceDistances,
} from '../../src/index.ts';
import { contourLengths, surfelAreas } from '../../src/surface/surfel-areas.ts';
import { product, readGolden, unpackBits } from '../golden.ts';
import { agrees, ROUNDING } from '../helpers.ts';

interface GoldenCase {
  readonly name: string;
  readonly shape: number[];
  readonly spacingMm: number[];
  readonly prediction: string;
  readonly reference: string;
  readonly monai: { hd: number; hd95: number; asd: number; assd: number; nsd: number[] };
  readonly medpy?: Record<string, number>;
  readonly deepmind: {
    counts: [number, number];
    areas?: [number, number];
    hd95: number;
    hd50: number;
    hd: number;
    means: [number, number];
    nsd: number[];
  };
}

const golden = readGolden<{
  tolerances: number[];
  cases: GoldenCase[];
  tables: { spacingMm: number[]; areas: number[] }[];
}>('surface.json');

/** MONAI computes in float32. */
const FLOAT32 = 1e-6;

describe.each(golden.cases)('$name', ({ shape, spacingMm, monai, medpy, deepmind, ...masks }) => {
  const prediction = unpackBits(masks.prediction, product(shape));
  const reference = unpackBits(masks.reference, product(shape));
  const grid = { shape, spacingMm };
  const oneEmpty = prediction.includes(1) !== reference.includes(1);
  const check = (pairs: [got: number, want: number][], tolerance: number): void => {
    for (const [got, want] of pairs) {
      expect(got, `${got} is not ${want}`).toSatisfy((value: number) => agrees(value, want, tolerance));
    }
  };

  it('agrees with MONAI', () => {
    const distances = surfaceDistances(prediction, reference, grid);
    check(
      [
        [hausdorffDistance(distances), monai.hd],
        // MONAI interpolates between infinities to NaN; an infinite list has infinite percentiles.
        [hd95(distances), oneEmpty ? Number.POSITIVE_INFINITY : monai.hd95],
        [asd(distances), monai.asd],
        [assd(distances), monai.assd],
        ...golden.tolerances.map((t, i): [number, number] => [surfaceDice(distances, t), monai.nsd[i]!]),
      ],
      FLOAT32,
    );
  });

  it(medpy ? 'agrees with MedPy' : 'has values where MedPy refuses empty masks', () => {
    const distances = surfaceDistances(prediction, reference, { ...grid, convention: 'medpy' });
    if (medpy === undefined) {
      const expected = oneEmpty ? Number.POSITIVE_INFINITY : Number.NaN;
      expect([hausdorffDistance(distances), hd95(distances), asd(distances), assd(distances)]).toEqual(
        Array(4).fill(expected),
      );
      return;
    }
    const dims = shape.length as 2 | 3;
    check(
      [
        [hausdorffDistance(distances), medpy.hd!],
        [hd95(distances), medpy.hd95!],
        [asd(distances), medpy.asd!],
        [assd(distances), medpy.assd!],
        [
          hd95(surfaceDistances(prediction, reference, { ...grid, convention: 'medpy', connectivity: 2 })),
          medpy.hd95Connectivity2!,
        ],
        [
          assd(surfaceDistances(prediction, reference, { ...grid, convention: 'medpy', connectivity: dims })),
          medpy.assdConnectivity3!,
        ],
        [dice(prediction, reference), medpy.dc!],
        [jaccard(prediction, reference), medpy.jc!],
        [precision(prediction, reference), medpy.precision!],
        [sensitivity(prediction, reference), medpy.recall!],
        [relativeVolumeDifference(prediction, reference), medpy.ravd!],
        [specificity(prediction, reference), medpy.specificity ?? specificity(prediction, reference)],
      ],
      ROUNDING,
    );
  });

  it('agrees with surface-distance', () => {
    const distances = surfaceDistances(prediction, reference, { ...grid, convention: 'deepmind' });
    expect([distances.predictionToReference.length, distances.referenceToPrediction.length]).toEqual(deepmind.counts);
    if (deepmind.areas === undefined) return;
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
    check(
      [
        [sum(distances.predictionAreas!), deepmind.areas[0]],
        [sum(distances.referenceAreas!), deepmind.areas[1]],
        [hd95(distances), deepmind.hd95],
        [hausdorffDistance(distances, { percentile: 50 }), deepmind.hd50],
        [hausdorffDistance(distances), deepmind.hd],
        ...golden.tolerances.map((t, i): [number, number] => [surfaceDice(distances, t), deepmind.nsd[i]!]),
      ],
      ROUNDING,
    );
    if (oneEmpty) return;
    check(
      [
        [asd(distances), deepmind.means[0]],
        [asd(distances, { direction: 'referenceToPrediction' }), deepmind.means[1]],
      ],
      ROUNDING,
    );
  });
});

describe('areas of surface elements', () => {
  it.each(golden.tables)('agree with the table of surface-distance at $spacingMm', ({ spacingMm, areas }) => {
    const [a, b, c] = spacingMm as [number, number, number];
    const ours = areas.length === 256 ? surfelAreas([a, b, c]) : contourLengths([1, a, b]);
    ours.forEach((area, code) => {
      expect(area, `code ${code}`).toSatisfy((value: number) => agrees(value, areas[code]!, ROUNDING));
    });
  });

  it('are the same for a neighbourhood and its complement, and zero without a surface', () => {
    const areas = surfelAreas([2, 1, 0.5]);
    areas.forEach((area, code) => {
      expect(area).toSatisfy((value: number) => agrees(value, areas[255 - code]!, ROUNDING));
    });
    expect(areas[0]).toBe(0);
    expect(Math.min(...areas.subarray(1, 255))).toBeGreaterThan(0);
  });
});
