import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestDistances } from '../../src/distance/nearest-distances.ts';
import { assd, hausdorffDistance, hd95, surfaceDice, surfaceDistances } from '../../src/index.ts';
import { agrees, indexOf, ROUNDING } from '../helpers.ts';

const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
  fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })),
);

/** Two masks of any density, with random spacing. */
const pairs = shapes.chain((shape) => {
  const voxels = shape.reduce((a: number, b: number) => a * b, 1);
  const mask = fc
    .tuple(
      fc.integer({ min: 0, max: 10 }),
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: voxels, maxLength: voxels }),
    )
    .map(([share, draws]) => Uint8Array.from(draws, (draw) => (draw < share ? 1 : 0)));
  const spacingMm = fc.array(fc.double({ min: 0.1, max: 5, noNaN: true }), {
    minLength: shape.length,
    maxLength: shape.length,
  });
  return fc.record({ shape: fc.constant(shape as number[]), p: mask, g: mask, spacingMm });
});

/** Surface voxels by the definition: some face neighbour is background or beyond the image. */
function surfaceOf(mask: Uint8Array, shape: readonly number[]): number[][] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const points: number[][] = [];
  mask.forEach((value, i) => {
    if (value === 0) return;
    const index = indexOf(i, shape);
    const inside = index.every((at, axis) =>
      [-1, 1].every((step) => at + step >= 0 && at + step < shape[axis]! && mask[i + step * strides[axis]!] === 1),
    );
    if (!inside) points.push(index);
  });
  return points;
}

function nearest(from: number[][], to: number[][], spacingMm: readonly number[]): number[] {
  return from.map((a) =>
    to.reduce(
      (best, b) => Math.min(best, Math.hypot(...a.map((at, axis) => (at - b[axis]!) * spacingMm[axis]!))),
      Number.POSITIVE_INFINITY,
    ),
  );
}

describe('surfaceDistances', () => {
  it('equals all pairs of surface voxels compared', () => {
    fc.assert(
      fc.property(pairs, ({ shape, p, g, spacingMm }) => {
        const distances = surfaceDistances(p, g, { shape, spacingMm });
        const [sp, sg] = [surfaceOf(p, shape), surfaceOf(g, shape)];
        const compare = (got: Float64Array, want: number[]): void => {
          expect(got.length).toBe(want.length);
          got.forEach((d, i) => {
            expect(agrees(d, want[i]!, ROUNDING), `${d} is not ${want[i]}`).toBe(true);
          });
        };
        compare(distances.predictionToReference, nearest(sp, sg, spacingMm));
        compare(distances.referenceToPrediction, nearest(sg, sp, spacingMm));
      }),
      { numRuns: 300 },
    );
  });

  it('is symmetric, scales with spacing, ignores flips and the place in the image', () => {
    fc.assert(
      fc.property(
        pairs,
        fc.constantFrom('monai' as const, 'medpy' as const, 'deepmind' as const),
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        ({ shape, p, g, spacingMm }, convention, scale) => {
          const measures = (a: Uint8Array, b: Uint8Array, grid: { shape: number[]; spacingMm: number[] }, unit = 1) => {
            const d = surfaceDistances(a, b, { ...grid, convention });
            return [hausdorffDistance(d) / unit, hd95(d) / unit, assd(d) / unit, surfaceDice(d, 1.0001 * unit)];
          };
          const base = measures(p, g, { shape, spacingMm });
          const same = (other: number[]): void => {
            other.forEach((value, i) => {
              expect(agrees(value, base[i]!, 1e-9), `${value} is not ${base[i]}`).toBe(true);
            });
          };
          same(measures(g, p, { shape, spacingMm }));
          same(measures(p, g, { shape, spacingMm: spacingMm.map((s) => s * scale) }, scale));
          same(measures(p.slice().reverse(), g.slice().reverse(), { shape, spacingMm }));
          const larger = shape.map((n) => n + 3);
          const moved = (mask: Uint8Array): Uint8Array => {
            const result = new Uint8Array(larger.reduce((a, b) => a * b, 1));
            mask.forEach((value, i) => {
              const index = indexOf(i, shape);
              result[index.reduce((at, n, axis) => at * larger[axis]! + n + 1, 0)] = value;
            });
            return result;
          };
          same(measures(moved(p), moved(g), { shape: larger, spacingMm }));
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('nearestDistances', () => {
  const dense = { shape: [14, 15, 16] as const, spacingMm: [1.7, 1, 0.6] as const };

  it('equals brute force where the search is given up: many queries far from few sites', () => {
    const { shape, spacingMm } = dense;
    const voxels = shape[0] * shape[1] * shape[2];
    const queries = Int32Array.from({ length: voxels }, (_, i) => i);
    for (const sites of [[0], [voxels - 1], [5, 3000]]) {
      const got = nearestDistances(Int32Array.from(sites), queries, shape, spacingMm);
      const points = sites.map((site) => indexOf(site, shape));
      got.forEach((d, i) => {
        const [want] = nearest([indexOf(i, shape)], points, spacingMm);
        expect(agrees(d, want!, ROUNDING), `voxel ${i}: ${d} is not ${want}`).toBe(true);
      });
    }
  });

  it('is Infinity without sites and empty without queries', () => {
    const { shape, spacingMm } = dense;
    expect([...nearestDistances(new Int32Array(0), Int32Array.of(7), shape, spacingMm)]).toEqual([
      Number.POSITIVE_INFINITY,
    ]);
    expect(nearestDistances(Int32Array.of(7), new Int32Array(0), shape, spacingMm)).toHaveLength(0);
  });
});
