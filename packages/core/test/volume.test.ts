import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  affineFromSpacing,
  createVolume,
  determinantOfAffine,
  invertAffine,
  multiplyAffine,
  shearOfAffine,
  spacingOfAffine,
  transformPoint,
  voxelCount,
  voxelVolumeMl,
} from '../src/index.ts';

/** Float64 round-off of a 3x3 inverse with entries up to 10 and determinant above 1. */
const INVERSE_TOLERANCE = 1e-9;

describe('createVolume', () => {
  it('takes spacing and affine from each other', () => {
    const data = new Float32Array(24);
    expect(createVolume(data, [2, 3, 4]).spacingMm).toEqual([1, 1, 1]);
    const spaced = createVolume(data, [2, 3, 4], { spacingMm: [5, 2, 1] });
    expect(spaced.affine).toEqual([1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1]);
    expect(createVolume(data, [2, 3, 4], { affine: spaced.affine }).spacingMm).toEqual([5, 2, 1]);
    expect(voxelCount([2, 3, 4])).toBe(24);
    expect(voxelVolumeMl([5, 2, 1])).toBeCloseTo(0.01, 12);
  });

  it('refuses data, sizes, spacings and affines that do not fit', () => {
    expect(() => createVolume(new Float32Array(23), [2, 3, 4])).toThrow(/does not fill the shape.*got 23, expected 24/);
    expect(() => createVolume(new Float32Array(0), [0, 3, 4])).toThrow(/positive integers/);
    expect(() => createVolume(new Float32Array(24), [2, 3, 4], { spacingMm: [0, 1, 1] })).toThrow(/spacing/);
    expect(() => createVolume(new Float32Array(24), [2, 3, 4], { affine: [1, 2] })).toThrow(/16 finite numbers/);
    expect(createVolume(new Uint8Array(48), [2, 3, 4], { channels: 2 }).channels).toBe(2);
  });
});

describe('sheared affines', () => {
  // x 1 mm, y 2 mm, slices 3 mm apart and each 4 mm further along y: a tilt of atan(4 / 3), whose sine is 0.8.
  const tilted = [1, 0, 0, 7, 0, 2, 4, 0, 0, 0, 3, 0, 0, 0, 0, 1];

  it('have the volume of their determinant, not of their spacing', () => {
    expect(determinantOfAffine(tilted)).toBe(6);
    expect(spacingOfAffine(tilted)).toEqual([5, 2, 1]);
    expect(voxelVolumeMl(createVolume(new Uint8Array(1), [1, 1, 1], { affine: tilted }))).toBe(0.006);
    expect(voxelVolumeMl({ affine: tilted.map((v, i) => (i < 4 ? -v : v)) })).toBe(0.006);
  });

  it('are known by the sine of what misses right angles', () => {
    expect(shearOfAffine(tilted)).toBeCloseTo(0.8, 15);
    expect(shearOfAffine(affineFromSpacing([3, 2, 1]))).toBe(0);
    expect(shearOfAffine([1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])).toBeCloseTo(1, 15);
  });
});

describe('affines', () => {
  const entry = fc.double({ min: -10, max: 10, noNaN: true });
  const affine = fc
    .tuple(...Array.from({ length: 12 }, () => entry))
    .map((v) => [...v, 0, 0, 0, 1])
    .filter(([a, b, c, , d, e, f, , g, h, i]) => {
      return Math.abs(a! * (e! * i! - f! * h!) - b! * (d! * i! - f! * g!) + c! * (d! * h! - e! * g!)) > 1;
    });

  it('inverts: the product with the inverse is the identity', () => {
    const identity = affineFromSpacing([1, 1, 1]);
    fc.assert(
      fc.property(affine, (a) => {
        const product = multiplyAffine(a, invertAffine(a));
        const scale = Math.max(...invertAffine(a).map(Math.abs)) * 10;
        return product.every((v, i) => Math.abs(v - identity[i]!) < INVERSE_TOLERANCE * scale);
      }),
    );
  });

  it('maps points and measures columns', () => {
    const quarterTurn = [0, -2, 0, 1, 3, 0, 0, 2, 0, 0, 4, 3, 0, 0, 0, 1];
    expect(transformPoint(quarterTurn, [1, 1, 1])).toEqual([-1, 5, 7]);
    expect(spacingOfAffine(quarterTurn)).toEqual([4, 2, 3]);
  });

  it('refuses a singular matrix', () => {
    expect(() => invertAffine([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])).toThrow(/singular/);
  });
});
