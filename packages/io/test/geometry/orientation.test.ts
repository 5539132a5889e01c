import { createVolume, type Triple } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisCodesOf, reorient, toCanonical } from '../../src/index.ts';
import { golden, largestDifference } from './golden.ts';

const LETTERS = ['RL', 'AP', 'SI'];

/** All 48 ways to order and direct three axes. */
const ALL_CODES = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
].flatMap((order) =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((signs) => order.map((axis, i) => LETTERS[axis]![(signs >> i) & 1]).join('')),
);

// Affines of about 50 mm in double precision.
const AFFINE_ROUNDING = 1e-9;

describe('axisCodesOf and toCanonical', () => {
  it('has 48 orientations to test', () => expect(new Set(ALL_CODES).size).toBe(48));

  it.each(golden.orientation)(
    'equals nibabel: $codes',
    ({ affine, codes, canonicalAffine, canonicalShapeXyz, canonicalData }) => {
      expect(axisCodesOf(affine)).toBe(codes);
      // The generator's array counts its voxels in C order over (x, y, z).
      const data = new Int32Array(24);
      for (let x = 0; x < 2; x++) {
        for (let y = 0; y < 3; y++) for (let z = 0; z < 4; z++) data[(z * 3 + y) * 2 + x] = (x * 3 + y) * 4 + z;
      }
      const canonical = toCanonical(createVolume(data, [4, 3, 2], { affine }));
      const [sx, sy, sz] = canonicalShapeXyz;
      expect(canonical.shape).toEqual([sz, sy, sx]);
      expect([...canonical.data]).toEqual(canonicalData);
      expect(largestDifference(canonical.affine, canonicalAffine)).toBeLessThan(AFFINE_ROUNDING);
    },
  );
});

describe('axisCodesOf', () => {
  it.each(golden.axisCodes.map(({ codes, affine }, i) => [codes, i, affine] as const))(
    'is %s in case %i',
    (codes, _, affine) => {
      expect(axisCodesOf(affine)).toBe(codes);
    },
  );

  it('takes the first axis in a tie, as nibabel does for half a turn about (1, 1, 1)', () => {
    const third = 1 / 3;
    const affine = [-third, 2 * third, 2 * third, 0, 2 * third, -third, 2 * third, 0, 2 * third, 2 * third, -third, 0];
    expect(axisCodesOf([...affine, 0, 0, 0, 1])).toBe('ARI');
  });

  it('gives three different axes where the affine has fewer', () => {
    expect(axisCodesOf([0, 0, 0, 0, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])).toBe('RPS');
  });
});

describe('reorient', () => {
  const shape: Triple = [3, 4, 5];
  const original = createVolume(
    Float32Array.from({ length: 120 }, (_, i) => i),
    shape,
    { channels: 2, affine: [1.1, 0.2, 0, -7, -0.1, 2, 0.1, 5, 0.1, 0, 3, 11, 0, 0, 0, 1] },
  );

  it.each(ALL_CODES)('to %s and back is the input', (codes) => {
    const turned = reorient(original, codes);
    expect(axisCodesOf(turned.affine)).toBe(codes);
    const back = reorient(turned, 'RAS');
    expect(back.shape).toEqual(shape);
    expect(back.data).toEqual(original.data);
    expect(back.spacingMm).toEqual(original.spacingMm);
    expect(largestDifference(back.affine, original.affine)).toBeLessThan(AFFINE_ROUNDING);
  });

  it('leaves every voxel at its place in the world', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALL_CODES), fc.nat(1), fc.nat(2), fc.nat(3), fc.nat(4), (codes, c, z, y, x) => {
        const turned = reorient(original, codes);
        const world = (affine: readonly number[], i: number, j: number, k: number) =>
          [0, 1, 2].map(
            (r) => affine[4 * r]! * i + affine[4 * r + 1]! * j + affine[4 * r + 2]! * k + affine[4 * r + 3]!,
          );
        const value = original.data[((c * 3 + z) * 4 + y) * 5 + x]!;
        const place = turned.data.indexOf(value);
        const [depth, height, width] = turned.shape;
        const [i, j, k] = [
          place % width,
          Math.floor(place / width) % height,
          Math.floor(place / (width * height)) % depth,
        ];
        expect(largestDifference(world(turned.affine, i, j, k), world(original.affine, x, y, z))).toBeLessThan(
          AFFINE_ROUNDING,
        );
      }),
    );
  });

  it('moves volumes that are larger than a tile', () => {
    const large = createVolume(
      Int32Array.from({ length: 35 * 70 * 40 }, (_, i) => i),
      [35, 70, 40],
    );
    const turned = reorient(large, 'SPL');
    expect(turned.shape).toEqual([40, 70, 35]);
    for (const [z, y, x] of [
      [0, 0, 0],
      [39, 69, 34],
      [33, 64, 31],
    ] as const) {
      // x of the result is z of the input; y and z run backwards along y and x of the input.
      expect(turned.data[(z * 70 + y) * 35 + x]).toBe((x * 70 + (69 - y)) * 40 + (39 - z));
    }
  });

  it.each(['', 'RA', 'RAR', 'ras', 'RASS', 'XYZ'])('refuses the codes "%s"', (codes) => {
    expect(() => reorient(original, codes)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
