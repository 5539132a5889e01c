import { describe, expect, it } from 'vitest';
import { asd, assd, hausdorffDistance, hd95, surfaceDice, surfaceDistances } from '../../src/index.ts';

const shape = [4, 5, 6];
const one = new Uint8Array(120);
one[65] = 1;
const none = new Uint8Array(120);

describe('empty masks', () => {
  it.each(['monai', 'medpy', 'deepmind'] as const)('%s: both NaN, one Infinity and 0', (convention) => {
    const both = surfaceDistances(none, none, { shape, convention });
    for (const measure of [hausdorffDistance, hd95, asd, assd]) expect(measure(both)).toBeNaN();
    expect(surfaceDice(both, 1)).toBeNaN();
    expect(assd(both, { average: 'meanOfMeans' })).toBeNaN();
    for (const [p, g] of [
      [one, none],
      [none, one],
    ] as const) {
      const single = surfaceDistances(p, g, { shape, convention });
      for (const measure of [hausdorffDistance, hd95, asd, assd])
        expect(measure(single)).toBe(Number.POSITIVE_INFINITY);
      expect(asd(single, { direction: 'referenceToPrediction' })).toBe(Number.POSITIVE_INFINITY);
      expect(surfaceDice(single, 1)).toBe(0);
    }
  });
});

describe('options', () => {
  it('compare one label of two label maps', () => {
    const p = Float32Array.of(0, 2, 1, 0, 0, 0);
    const g = Int32Array.of(0, 0, 1, 0, 2, 0);
    expect(hausdorffDistance(surfaceDistances(p, g, { shape: [1, 6], label: 1 }))).toBe(0);
    expect(hausdorffDistance(surfaceDistances(p, g, { shape: [1, 6], label: 2 }))).toBe(3);
    expect(hausdorffDistance(surfaceDistances(p, g, { shape: [1, 6] }))).toBe(2);
  });

  it('tolerances include their edge', () => {
    const p = Uint8Array.of(1, 0, 0);
    const g = Uint8Array.of(0, 0, 1);
    const distances = surfaceDistances(p, g, { shape: [1, 3], spacingMm: [1, 0.5] });
    expect(surfaceDice(distances, 1)).toBe(1);
    expect(surfaceDice(distances, 0.999)).toBe(0);
  });

  it('percentile 0 and 100 are the extremes', () => {
    const p = Uint8Array.of(1, 0, 1, 0, 0, 0);
    const g = Uint8Array.of(1, 0, 0, 0, 0, 0);
    const distances = surfaceDistances(p, g, { shape: [1, 6] });
    expect(hausdorffDistance(distances, { percentile: 0 })).toBe(0);
    expect(hausdorffDistance(distances, { percentile: 50 })).toBe(1);
    expect(hausdorffDistance(distances)).toBe(2);
  });
});

describe('bad input', () => {
  it('is refused with a reason', () => {
    expect(() => surfaceDistances(one, none, { shape: [120] })).toThrow(/2 or 3 integers/);
    expect(() => surfaceDistances(one, none, { shape: [4, 5, 0] })).toThrow(/2 or 3 integers/);
    expect(() => surfaceDistances(one, none, { shape: [2048, 2048, 2048] })).toThrow(/32-bit/);
    expect(() => surfaceDistances(one, none, {} as { shape: number[] })).toThrow(/2 or 3 integers/);
    expect(() => surfaceDistances(one, none, { shape: [4, 5, 7] })).toThrow(/one number for every voxel/);
    expect(() => surfaceDistances(one, none, { shape, spacingMm: [1, 0, 1] })).toThrow(/spacing/);
    expect(() => surfaceDistances(one, none, { shape, spacingMm: [1, Number.NaN, 1] })).toThrow(/spacing/);
    expect(() => surfaceDistances(one, none, { shape, spacingMm: [1, 1] })).toThrow(/spacing/);
    expect(() => surfaceDistances(one, none, { shape, convention: 'monia' as 'monai' })).toThrow(
      /Did you mean "monai"/,
    );
    expect(() => surfaceDistances(one, none, { shape, connectivity: 6 as 1 })).toThrow(/connectivity/);
    expect(() => surfaceDistances(new Float32Array(120).fill(Number.NaN), none, { shape })).toThrow(/NaN/);
    const distances = surfaceDistances(one, one, { shape });
    expect(() => hausdorffDistance(distances, { percentile: 101 })).toThrow(/percentile/);
    expect(() => hausdorffDistance(distances, { percentile: Number.NaN })).toThrow(/percentile/);
    expect(() => hd95(distances, { convention: 'deepmind' })).toThrow(/surfels/);
    expect(() => surfaceDice(distances, Number.NaN)).toThrow(/tolerance/);
    expect(() => assd(distances, { average: 'mean' as 'pooled' })).toThrow(/unknown average/);
    expect(() => asd(distances, { direction: 'forward' as 'predictionToReference' })).toThrow(/unknown direction/);
  });
});
