import { describe, expect, it } from 'vitest';
import {
  asd,
  assd,
  dice,
  hausdorffDistance,
  hd95,
  type SurfaceConvention,
  surfaceDice,
  surfaceDistances,
} from '../../src/index.ts';
import { agrees, boxMask, SEVEN_DIGITS } from '../helpers.ts';

interface Case {
  readonly name: string;
  readonly shape: readonly number[];
  readonly spacingMm?: readonly number[];
  readonly prediction: Uint8Array;
  readonly reference: Uint8Array;
  readonly dice: number;
  readonly hd: number;
  /** Prediction to reference, reference to prediction. */
  readonly asd: readonly [number, number];
  /** Pooled, mean of means. */
  readonly assd: readonly [number, number];
  readonly hd95: Readonly<Record<SurfaceConvention, number>>;
  /** At .5, 1 and 1.5 mm. */
  readonly nsd: readonly [number, number, number];
  /** Of surfels: prediction to reference, reference to prediction. */
  readonly surfelAsd: readonly [number, number];
  readonly surfelNsd: readonly [number, number, number];
  readonly area?: number;
}

function all(value: number): Record<SurfaceConvention, number> {
  return { medpy: value, monai: value, deepmind: value };
}

const voxel = (z: number, y: number, x: number): [number, number][] => [
  [z, z + 1],
  [y, y + 1],
  [x, x + 1],
];
const cube = (low: number, high: number): [number, number][] => [
  [low, high],
  [low, high],
  [low, high],
];

const A = {
  shape: [7, 7, 7],
  prediction: boxMask([7, 7, 7], voxel(3, 3, 2)),
  reference: boxMask([7, 7, 7], voxel(3, 3, 4)),
  dice: 0,
};
const B = {
  shape: [9, 9, 9],
  prediction: boxMask([9, 9, 9], cube(3, 6)),
  reference: boxMask(
    [9, 9, 9],
    [
      [4, 7],
      [3, 6],
      [3, 6],
    ],
  ),
  dice: 2 / 3,
};
const islands: [number, number][] = [
  [3, 3],
  [3, 5],
  [3, 7],
  [5, 3],
  [5, 5],
  [5, 7],
  [7, 5],
];
const boxH: [number, number][] = [
  [1, 6],
  [3, 8],
  [3, 8],
];

/** Made with SciPy following each library's rules and with DeepMind's own code. */
const CASES: readonly Case[] = [
  {
    name: 'A: two single voxels',
    ...A,
    hd: 2,
    asd: [2, 2],
    assd: [2, 2],
    hd95: all(2),
    nsd: [0, 0, 0],
    surfelAsd: [1.5, 1.5],
    surfelNsd: [0, 0.5, 0.5],
    area: 1.7320508,
  },
  {
    name: 'A on anisotropic voxels',
    ...A,
    spacingMm: [3, 2, 0.5],
    hd: 1,
    asd: [1, 1],
    assd: [1, 1],
    hd95: all(1),
    nsd: [0, 1, 1],
    surfelAsd: [0.75, 0.75],
    surfelNsd: [0.5, 1, 1],
  },
  {
    name: 'B: a cube shifted by one voxel',
    ...B,
    hd: 1,
    asd: [0.3846154, 0.3846154],
    assd: [0.3846154, 0.3846154],
    hd95: all(1),
    nsd: [0.6153846, 1, 1],
    surfelAsd: [0.3400935, 0.3400935],
    surfelNsd: [0.659907, 1, 1],
    area: 42.7026,
  },
  {
    name: 'B on anisotropic voxels',
    ...B,
    spacingMm: [2, 1, 1],
    hd: 2,
    asd: [0.7307692, 0.7307692],
    assd: [0.7307692, 0.7307692],
    hd95: all(2),
    nsd: [0.6153846, 0.6538462, 0.6538462],
    surfelAsd: [0.4555058, 0.4555058],
    surfelNsd: [0.744547, 0.799947, 0.799947],
  },
  {
    name: 'C: a cube inside a cube',
    shape: [11, 11, 11],
    prediction: boxMask([11, 11, 11], cube(4, 7)),
    reference: boxMask([11, 11, 11], cube(3, 8)),
    dice: 0.3552632,
    hd: 1.7320508,
    asd: [1, 1.2119193],
    assd: [1.1674846, 1.1059597],
    hd95: { medpy: 1.7320508, monai: 1.7320508, deepmind: Math.SQRT2 },
    nsd: [0, 0.6451613, 0.9354839],
    surfelAsd: [1, 1.1164005],
    surfelNsd: [0, 0.795424, 0.990067],
  },
  {
    name: 'D: one far voxel too many',
    shape: [11, 11, 11],
    prediction: boxMask([11, 11, 11], cube(2, 7), voxel(10, 4, 4)),
    reference: boxMask([11, 11, 11], cube(2, 7)),
    dice: 0.9960159,
    hd: 4,
    asd: [0.040404, 0],
    assd: [0.0203046, 0.020202],
    hd95: all(0),
    nsd: [0.9949239, 0.9949239, 0.9949239],
    surfelAsd: [0.0454418, 0],
    surfelNsd: [0.993466, 0.993466, 0.993466],
  },
  {
    name: 'E: two squares in an image',
    shape: [6, 6],
    prediction: boxMask(
      [6, 6],
      [
        [2, 4],
        [1, 3],
      ],
    ),
    reference: boxMask(
      [6, 6],
      [
        [2, 4],
        [2, 4],
      ],
    ),
    dice: 0.5,
    hd: 1,
    asd: [0.5, 0.5],
    assd: [0.5, 0.5],
    hd95: all(1),
    nsd: [0.5, 1, 1],
    surfelAsd: [0.5, 0.5],
    surfelNsd: [0.5, 1, 1],
  },
  {
    name: 'F: the whole image against all but its first plane',
    shape: [4, 4, 4],
    prediction: boxMask([4, 4, 4], cube(0, 4)),
    reference: boxMask(
      [4, 4, 4],
      [
        [1, 4],
        [0, 4],
        [0, 4],
      ],
    ),
    dice: 0.8571429,
    hd: 1,
    asd: [0.2857143, 0.0909091],
    assd: [0.2, 0.1883117],
    hd95: all(1),
    nsd: [0.8, 1, 1],
    surfelAsd: [0.226035, 0.135625],
    surfelNsd: [0.814627, 1, 1],
  },
  {
    name: 'H: seven far voxels too many, where all three libraries differ',
    shape: [12, 12, 12],
    prediction: boxMask([12, 12, 12], boxH, ...islands.map(([y, x]) => voxel(10, y, x))),
    reference: boxMask([12, 12, 12], boxH),
    dice: 0.9727626,
    hd: 5,
    asd: [0.3333333, 0],
    assd: [0.1724138, 0.1666667],
    hd95: { medpy: 0, monai: 5, deepmind: 4 },
    nsd: [0.9655172, 0.9655172, 0.9655172],
    surfelAsd: [0.3794196, 0],
    surfelNsd: [0.955987, 0.955987, 0.955987],
  },
];

/** The surfel columns are printed with six digits. */
const SIX_DIGITS = 5e-7;

describe.each(CASES)('$name', (expected) => {
  const { prediction, reference, shape, spacingMm } = expected;
  const grid = spacingMm === undefined ? { shape } : { shape, spacingMm };
  const voxels = surfaceDistances(prediction, reference, grid);
  const surfels = surfaceDistances(prediction, reference, { ...grid, convention: 'deepmind' });
  const near = (got: number, want: number, tolerance = SEVEN_DIGITS): void =>
    expect(got, `${got} is not ${want}`).toSatisfy((value: number) => agrees(value, want, tolerance));

  it('has the Dice and the Hausdorff distance', () => {
    near(dice(prediction, reference), expected.dice);
    near(hausdorffDistance(voxels), expected.hd);
  });

  it('has the average distances of surface voxels', () => {
    near(asd(voxels), expected.asd[0]);
    near(asd(voxels, { direction: 'referenceToPrediction' }), expected.asd[1]);
    near(assd(voxels), expected.assd[0]);
    near(assd(voxels, { average: 'meanOfMeans' }), expected.assd[1]);
  });

  it('has the HD95 of each library', () => {
    near(hd95(voxels), expected.hd95.monai);
    near(hd95(voxels, { convention: 'medpy' }), expected.hd95.medpy);
    near(hd95(surfels), expected.hd95.deepmind);
  });

  it('has the surface Dice of voxels and of surfels', () => {
    [0.5, 1, 1.5].forEach((tolerance, i) => {
      near(surfaceDice(voxels, tolerance), expected.nsd[i]!);
      near(surfaceDice(surfels, tolerance), expected.surfelNsd[i]!, SIX_DIGITS);
    });
  });

  it('has the average distances and areas of surfels', () => {
    near(asd(surfels), expected.surfelAsd[0]);
    near(asd(surfels, { direction: 'referenceToPrediction' }), expected.surfelAsd[1]);
    if (expected.area === undefined) return;
    const area = surfels.predictionAreas!.reduce((sum, a) => sum + a, 0);
    near(area, expected.area, SIX_DIGITS);
  });
});

it('has the known surface sizes', () => {
  const size = (low: number, high: number, edge: number): number => {
    const mask = boxMask([edge, edge, edge], cube(low, high));
    return surfaceDistances(mask, mask, { shape: [edge, edge, edge] }).predictionToReference.length;
  };
  expect(size(3, 6, 9)).toBe(26);
  expect(size(3, 8, 11)).toBe(98);
  expect(size(0, 4, 4)).toBe(56);
});
