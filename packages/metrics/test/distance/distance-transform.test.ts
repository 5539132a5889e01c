import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceTransform } from '../../src/index.ts';
import { agrees, indexOf, ROUNDING } from '../helpers.ts';

const volumes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 3 }).chain((shape) => {
  const voxels = shape.reduce((a, b) => a * b, 1);
  return fc.record({
    shape: fc.constant(shape),
    mask: fc.uint8Array({ minLength: voxels, maxLength: voxels, max: 1 }),
    spacingMm: fc.array(fc.double({ min: 0.1, max: 9, noNaN: true }), {
      minLength: shape.length,
      maxLength: shape.length,
    }),
  });
});

describe('distanceTransform', () => {
  it('equals brute force on any grid', () => {
    fc.assert(
      fc.property(
        volumes,
        fc.constantFrom('background' as const, 'object' as const),
        ({ shape, mask, spacingMm }, to) => {
          const got = distanceTransform(mask, { shape, spacingMm, to });
          const sites = [...mask.keys()]
            .filter((i) => (mask[i] === 1) === (to === 'object'))
            .map((i) => indexOf(i, shape));
          got.forEach((d, i) => {
            const at = indexOf(i, shape);
            const want = sites.reduce(
              (best, site) => Math.min(best, Math.hypot(...at.map((n, axis) => (n - site[axis]!) * spacingMm[axis]!))),
              Number.POSITIVE_INFINITY,
            );
            expect(agrees(d, want, ROUNDING), `${d} is not ${want}`).toBe(true);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps extreme anisotropy and long lines exact', () => {
    const mask = new Uint8Array(3 * 2000);
    mask[0] = 1;
    const distances = distanceTransform(mask, { shape: [3, 2000], spacingMm: [1e6, 1e-3], to: 'object' });
    expect(distances[1999]).toBe(1999 * 1e-3);
    expect(distances[5999]).toBe(Math.sqrt(2e6 ** 2 + (1999 * 1e-3) ** 2));
  });

  it('reads labels of other types and refuses nonsense', () => {
    const map = Int16Array.of(0, 5, 5, 7);
    expect([...distanceTransform(map, { shape: [1, 4], label: 5, to: 'object' })]).toEqual([1, 0, 0, 1]);
    expect(() => distanceTransform(map, { shape: [1, 4], to: 'edge' as 'object' })).toThrow(/background \| object/);
    expect(() => distanceTransform(map, { shape: [2, 3] })).toThrow(/every voxel/);
    expect(() => distanceTransform(Float32Array.of(Number.NaN), { shape: [1, 1] })).toThrow(/NaN/);
    expect(() => distanceTransform(map, { shape: [1, 4], spacingMm: [1, Number.POSITIVE_INFINITY] })).toThrow(
      /spacing/,
    );
  });
});
