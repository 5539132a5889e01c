import { createVolume, isSegError, Rng, type Triple } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelDiceError } from '../src/cases/label-voxels.ts';
import { areaAverage, measureExtent, planWorkingGrid, prepareMapCase, restoreMask } from '../src/index.ts';

/** Float32 storage of float64 sums. */
const FLOAT32_TOLERANCE = 1e-5;

describe('areaAverage', () => {
  it('is the mean over fine samples of every cell', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const rng = Rng.fromSeed(seed);
        const shape: Triple = [3, 4, 5];
        const data = rng.fillNormal(new Float32Array(60));
        // Quarters of a voxel, so that 4 samples a voxel give the exact mean.
        const quarter = (low: number, high: number) => (low + rng.integer(high - low)) / 4;
        const start: Triple = [quarter(-4, 4), quarter(-4, 4), quarter(-4, 4)];
        const size: Triple = [quarter(2, 9), quarter(2, 9), quarter(2, 9)];
        const got = areaAverage(data, shape, { shape: [2, 2, 2], start, size }, -1);
        const samples = (axis: 0 | 1 | 2, cell: number) =>
          Array.from({ length: size[axis] * 4 }, (_, k) => Math.floor(start[axis] + cell * size[axis] + (k + 0.5) / 4));
        for (let cell = 0; cell < 8; cell++) {
          let sum = 0;
          let count = 0;
          for (const z of samples(0, cell >> 2)) {
            for (const y of samples(1, (cell >> 1) & 1)) {
              for (const x of samples(2, cell & 1)) {
                const inside = z >= 0 && z < 3 && y >= 0 && y < 4 && x >= 0 && x < 5;
                sum += inside ? data[(z * 4 + y) * 5 + x]! : -1;
                count++;
              }
            }
          }
          expect(Math.abs(got[cell]! - sum / count)).toBeLessThan(FLOAT32_TOLERANCE);
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** A box of label 2 with a bright image, on a grid of 1 x 1 x 2 mm (x fastest). */
function box() {
  const shape: Triple = [12, 16, 16];
  const data = new Uint8Array(12 * 16 * 16);
  for (let z = 4; z < 8; z++) for (let y = 4; y < 12; y++) data.fill(2, (z * 16 + y) * 16 + 4, (z * 16 + y) * 16 + 12);
  const spacingMm: Triple = [2, 1, 1];
  return {
    label: createVolume(data, shape, { spacingMm }),
    image: createVolume(
      Float32Array.from(data, (v) => 100 + 10 * v),
      shape,
      { spacingMm },
    ),
  };
}

describe('prepareMapCase', () => {
  it('judges cells by what somebody annotated of them, and ignores those of which nobody did', () => {
    const shape: Triple = [1, 1, 24];
    const values = Uint8Array.of(1, 1, 9, 9, 1, 9, 9, 9, 1, 0, 0, 9, 0, 9, 9, 9, 9, 9, 9, 9, 2, 1, 1, 0);
    const label = createVolume(values, shape, { spacingMm: [1, 1, 1] });
    const image = createVolume(new Float32Array(24), shape, { spacingMm: [1, 1, 1] });
    const grid = { shape: [1, 1, 6], spacingMm: [1, 1, 4], centre: 'image' } as const;
    const made = prepareMapCase('a', image, label, grid, { ignoreLabel: 9 });
    expect([...made.label]).toEqual([1, 1, 0, 0, 255, 1]);
    expect(made.volumeMl).toBeCloseTo(0.007, 12);
    const ones = prepareMapCase('a', image, label, grid, { labels: [1], ignoreLabel: 9 });
    expect([...ones.label]).toEqual([1, 1, 0, 0, 255, 1]);
    expect(measureExtent(image, label, { ignoreLabel: 9 }).labelMm).toEqual([1, 1, 23]);
  });

  it('ignores what lies outside of a scan that was annotated in parts, and all of one that was not', () => {
    const shape: Triple = [1, 1, 4];
    const image = createVolume(new Float32Array(4), shape, { spacingMm: [1, 1, 1] });
    const grid = { shape: [1, 1, 8], spacingMm: [1, 1, 1], centre: 'image' } as const;
    const made = (values: readonly number[]) => {
      const label = createVolume(Uint8Array.from(values), shape, { spacingMm: [1, 1, 1] });
      return [...prepareMapCase('a', image, label, grid, { ignoreLabel: 9 }).label];
    };
    expect(made([0, 1, 1, 0])).toEqual([0, 0, 0, 1, 1, 0, 0, 0]);
    expect(made([0, 1, 1, 9])).toEqual([255, 255, 0, 1, 1, 255, 255, 255]);
    expect(made([9, 9, 9, 9])).toEqual(Array(8).fill(255));
  });

  it('keeps single slices of a sparsely annotated scan', () => {
    // Slices 1, 4 and 7 of 9 annotated, all foreground.
    const values = Uint8Array.from({ length: 9 }, (_, z) => (z % 3 === 1 ? 1 : 9));
    const label = createVolume(values, [9, 1, 1], { spacingMm: [1, 1, 1] });
    const image = createVolume(new Float32Array(9), [9, 1, 1], { spacingMm: [1, 1, 1] });
    const grid = { shape: [3, 1, 1], spacingMm: [3, 1, 1], centre: 'image' } as const;
    expect([...prepareMapCase('a', image, label, grid, { ignoreLabel: 9 }).label]).toEqual([1, 1, 1]);
  });

  it('pools image and label, standardises, and measures the volume on the scan’s grid', () => {
    const { image, label } = box();
    const grid = { shape: [6, 8, 8], spacingMm: [4, 2, 2], centre: 'image' } as const;
    const made = prepareMapCase('a', image, label, grid);
    expect(made.label.reduce((a, b) => a + b, 0)).toBe((4 * 8 * 8) / 8);
    expect(made.volumeMl).toBeCloseTo((4 * 8 * 8 * 2) / 1000, 12);
    const inside = 256 / data(image).length;
    const mean = inside;
    const sd = Math.sqrt(inside * (1 - inside));
    const at = (3 * 8 + 4) * 8 + 4;
    expect(Math.abs(made.image[at]! - (1 - mean) / sd)).toBeLessThan(1e-4);
    expect(Math.abs(made.image[0]! - (0 - mean) / sd)).toBeLessThan(1e-4);
  });

  it('takes one of several labels, and refuses another shape', () => {
    const { image, label } = box();
    const grid = { shape: [6, 8, 8], spacingMm: [4, 2, 2], centre: 'image' } as const;
    expect(prepareMapCase('a', image, label, grid, { labels: [1] }).label.some((v) => v > 0)).toBe(false);
    const other = createVolume(new Uint8Array(8), [2, 2, 2]);
    expect(() => prepareMapCase('a', image, other, grid)).toThrow(/differ in shape/);
  });

  it('comes back onto the scan’s grid where it was', () => {
    const { image, label } = box();
    for (const centre of ['image', 'label'] as const) {
      const made = prepareMapCase('a', image, label, { shape: [6, 8, 8], spacingMm: [4, 2, 2], centre });
      const back = restoreMask(made.label, made, image.shape);
      // Between cell centres the mask is interpolated: at a corner it is 0.75^3, below a half, at an edge 0.75^2.
      const ends = [
        [4, 7],
        [4, 11],
        [4, 11],
      ];
      const corner = (i: number) =>
        [Math.floor(i / 256), Math.floor(i / 16) % 16, i % 16].every((v, axis) => ends[axis]!.includes(v));
      const expected = [...label.data].map((v, i) => (v === 2 && !corner(i) ? 1 : 0));
      expect(expected.filter((v) => v === 1).length).toBe(256 - 8);
      expect([...back]).toEqual(expected);
    }
    const small = prepareMapCase('a', image, label, { shape: [2, 8, 8], spacingMm: [4, 2, 2], centre: 'image' });
    const part = restoreMask(small.label, small, image.shape);
    expect(part.filter((v) => v === 255).length).toBe(8 * 16 * 16);
  });
});

describe('doubtful labels', () => {
  const shape: Triple = [8, 40, 40];
  const organ = () => {
    const voxels = new Uint8Array(12_800);
    for (let z = 2; z < 6; z++)
      for (let y = 20; y < 30; y++) voxels.fill(1, (z * 40 + y) * 40 + 20, (z * 40 + y) * 40 + 30);
    return voxels;
  };
  const volume = (voxels: Uint8Array) => createVolume(voxels, shape, { spacingMm: [1, 1, 1] });
  const image = createVolume(new Float32Array(12_800), shape, { spacingMm: [1, 1, 1] });
  const around = { shape: [8, 16, 16], spacingMm: [1, 1, 1], centre: 'label' } as const;

  it('keeps the grid where the organ is when single voxels lie elsewhere, and counts them', () => {
    const voxels = organ();
    voxels[0] = 1;
    voxels[12_799] = 1;
    const extent = measureExtent(image, volume(voxels));
    expect(extent.labelMm).toEqual([4, 10, 10]);
    const made = prepareMapCase('a', image, volume(voxels), around);
    expect(made.start).toEqual([0, 17, 17]);
    expect(made.label.reduce((a, b) => a + b, 0)).toBe(400);
    expect(made.labelOutside).toBeCloseTo(2, 2);
  });

  it('looks for empty labels where the others are', () => {
    const extents = [measureExtent(image, volume(organ())), measureExtent(image, volume(new Uint8Array(12_800)))];
    const grid = planWorkingGrid(extents, { voxels: 4_000 });
    expect(grid).toMatchObject({ centre: 'label', emptyLabelsAt: [0.5, 0.625, 0.625] });
    const start = (voxels: Uint8Array) => prepareMapCase('a', image, volume(voxels), grid).start;
    expect(start(new Uint8Array(12_800))).toEqual(start(organ()));
  });

  it('misses what lies outside of the grid', () => {
    const mask = Uint8Array.of(1, 1, 1, 0);
    const label = Uint8Array.of(1, 1, 0, 0);
    expect(labelDiceError(mask, label)).toBeCloseTo(1 - 4 / 5, 12);
    expect(labelDiceError(mask, label, 5)).toBeCloseTo(1 - 4 / 10, 12);
    expect(labelDiceError(new Uint8Array(4), new Uint8Array(4))).toBe(0);
    expect(labelDiceError(new Uint8Array(4), new Uint8Array(4), 1)).toBe(1);
  });

  it('refuses an image with values that are not finite, by its name', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = new Float32Array(12_800);
      values[7] = bad;
      const broken = createVolume(values, shape, { spacingMm: [1, 1, 1] });
      expect(() => prepareMapCase('scan 7', broken, volume(organ()), around)).toThrow(
        expect.toSatisfy((e) => isSegError(e, 'corrupt-data') && `${e}`.includes('scan 7')),
      );
    }
  });
});

const data = (volume: { readonly data: ArrayLike<number> }) => volume.data;

describe('planWorkingGrid', () => {
  it('holds the label with a margin, in multiples, within the voxels', () => {
    const { image, label } = box();
    const extents = [measureExtent(image, label), measureExtent(image, label)];
    expect(extents[0]).toEqual({
      imageMm: [24, 16, 16],
      labelMm: [8, 8, 8],
      labelCentre: [0.5, 0.5, 0.5],
      spacingMm: [2, 1, 1],
    });
    const grid = planWorkingGrid(extents, { voxels: 600, multiple: 4 });
    expect(grid.centre).toBe('label');
    expect(grid.shape.every((n) => n % 4 === 0)).toBe(true);
    expect(grid.shape[0] * grid.shape[1] * grid.shape[2]).toBeLessThanOrEqual(600);
    expect(grid.spacingMm.every((s, a) => s >= extents[0]!.spacingMm[a]!)).toBe(true);
    const fine = planWorkingGrid(extents, { voxels: 1e6 });
    expect(fine.spacingMm).toEqual([2, 1, 1]);
    expect(() => planWorkingGrid([{ imageMm: [1, 1, 1], spacingMm: [1, 1, 1] }])).toThrow(/no case has a voxel/);
    for (const bad of [{ voxels: 0 }, { multiple: 0 }, { voxels: Number.NaN }]) {
      expect(() => planWorkingGrid(extents, bad)).toThrow(/positive whole numbers/);
    }
  });

  it('cuts nothing off of stacks of few slices, whatever sizes have to be multiples of', () => {
    // Ten slices of 10 mm, all of them labelled: a multiple of 8 may not be 8.
    const shape: Triple = [10, 40, 40];
    const spacingMm: Triple = [10, 1.5, 1.5];
    const data = new Uint8Array(16_000);
    for (let z = 0; z < 10; z++)
      for (let y = 12; y < 28; y++) data.fill(1, (z * 40 + y) * 40 + 12, (z * 40 + y) * 40 + 28);
    const label = createVolume(data, shape, { spacingMm });
    const image = createVolume(new Float32Array(16_000), shape, { spacingMm });
    for (const multiple of [2, 4, 8]) {
      for (const voxels of [4_000, 30_000]) {
        const grid = planWorkingGrid([measureExtent(image, label)], { voxels, multiple });
        const made = prepareMapCase('a', image, label, grid);
        expect(made.labelOutside).toBe(0);
        expect(grid.shape.every((n, a) => n * grid.spacingMm[a]! >= [100, 24, 24][a]!)).toBe(true);
      }
    }
  });
});
