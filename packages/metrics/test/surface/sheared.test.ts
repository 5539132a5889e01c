import { affineFromSpacing, Rng, type Triple } from '@seg/core';
import { describe, expect, it } from 'vitest';
import { nearestDistancesOblique } from '../../src/distance/nearest-distances-oblique.ts';
import { evaluateSegmentation, hausdorffDistance, surfaceDistances } from '../../src/index.ts';

/** Rounding of sums of squares. */
const ROUNDING = 1e-12;

/** Columns x, y, z of an affine: slices 3 mm apart, each moved by 4 mm along y, so that z is 5 mm long. */
const tilted = [1, 0, 0, 0, 0, 1, 4, 0, 0, 0, 3, 0, 0, 0, 0, 1];

function mask(shape: Triple, voxels: readonly Triple[]): Uint8Array {
  const data = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (const [z, y, x] of voxels) data[(z * shape[1] + y) * shape[2] + x] = 1;
  return data;
}

describe('sheared grids', () => {
  const shape: Triple = [3, 9, 3];

  it('measure distances in space: by hand', () => {
    const one = mask(shape, [[0, 4, 1]]);
    // One slice up and 4 voxels back along y is right above: 3 mm, where right angles would give hypot(5, 4).
    const above = mask(shape, [[1, 0, 1]]);
    expect(hausdorffDistance(surfaceDistances(one, above, { shape, affine: tilted }))).toBe(3);
    const along = mask(shape, [[1, 4, 1]]);
    expect(hausdorffDistance(surfaceDistances(one, along, { shape, affine: tilted }))).toBe(5);
  });

  it('measure volumes by the determinant', () => {
    const data = mask(shape, [
      [0, 4, 1],
      [1, 4, 1],
    ]);
    const { labels } = evaluateSegmentation({ prediction: data, reference: data, shape, affine: tilted });
    expect(labels[0]!.volumeMl).toBe(0.006);
    expect(labels[0]!.hdMm).toBe(0);
  });

  it('measure areas of surface elements in space', () => {
    // A slab of whole planes x-y, 2 slices: its surface elements in the middle of the planes are 1 mm x 1 mm each.
    const wide: Triple = [4, 6, 6];
    const plane = new Uint8Array(4 * 36).map((_, i) => (i >= 36 && i < 108 ? 1 : 0));
    const { predictionAreas } = surfaceDistances(plane, plane, { shape: wide, affine: tilted, convention: 'deepmind' });
    const inner = [...predictionAreas!].filter((area) => Math.abs(area - 1) < ROUNDING);
    expect(inner.length).toBe(2 * 5 * 5);
  });

  it('equal brute force', () => {
    const rng = Rng.fromSeed(5);
    const size: Triple = [7, 11, 9];
    const axes = [
      [0.3, 1.1, 2.5],
      [0.2, 0.9, -0.1],
      [0.8, 0, 0.1],
    ] as const;
    const place = (i: number) => {
      const [z, y, x] = [Math.floor(i / 99), Math.floor(i / 9) % 11, i % 9];
      return [0, 1, 2].map((k) => z * axes[0][k]! + y * axes[1][k]! + x * axes[2][k]!);
    };
    for (const share of [0.005, 0.05, 0.5]) {
      const pick = () => Int32Array.from({ length: 693 }, (_, i) => i).filter(() => rng.uniform() < share);
      const [sites, queries] = [pick(), pick()];
      const got = nearestDistancesOblique(sites, queries, size, axes);
      queries.forEach((query, n) => {
        const [a, want] = [place(query), Math.min(...[...sites].map((s) => distance(place(s), place(query))))];
        expect(a.length).toBe(3);
        expect(got[n] === want || Math.abs(got[n]! - want) < ROUNDING).toBe(true);
      });
    }
  });

  it('that are only turned give the numbers of their spacing', () => {
    const rng = Rng.fromSeed(8);
    const draw = () => Uint8Array.from({ length: 81 }, () => Number(rng.uniform() < 0.3));
    const [prediction, reference] = [draw(), draw()];
    const spacingMm: Triple = [2.5, 0.7, 0.9];
    const [c, s] = [Math.cos(0.6), Math.sin(0.6)];
    const [sx, , , , , sy, , , , , sz] = affineFromSpacing(spacingMm) as number[];
    const turned = [c * sx!, -s * sy!, 0, 5, s * sx!, c * sy!, 0, 0, 0, 0, sz!, 1, 0, 0, 0, 1];
    const options = { prediction, reference, shape, labels: [1] };
    const [a] = evaluateSegmentation({ ...options, spacingMm }).labels;
    const [b] = evaluateSegmentation({ ...options, affine: turned }).labels;
    for (const measure of ['hdMm', 'hd95Mm', 'assdMm', 'volumeMl', 'nsd'] as const) {
      expect(b![measure]).toBeCloseTo(a![measure], 10);
    }
  });

  it('are refused without volume, and where the spacing says something else', () => {
    const data = new Uint8Array(81);
    const flat = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    expect(() => surfaceDistances(data, data, { shape, affine: flat })).toThrow(/span space/);
    expect(() => surfaceDistances(data, data, { shape, affine: tilted, spacingMm: [3, 1, 1] })).toThrow(/contradicts/);
  });
});

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((v, k) => v - b[k]!));
}
