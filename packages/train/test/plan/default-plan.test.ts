import type { Triple } from '@seg/core';
import { defaultPlan, type Fingerprint, forwardGflop, networkKind, planTopology, targetSpacing } from '@seg/train';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

function fingerprint(cases: Fingerprint['cases'], channel = 'MRI'): Fingerprint {
  const statistics = { mean: 60, standardDeviation: 170, percentile005: -900, percentile995: 270 };
  return { cases, channels: [channel], foregroundClasses: 2, foreground: [statistics], mirrorAxes: [2] };
}
const cube = (n: number, spacing = 1) => ({
  shape: [n, n, n] as Triple,
  spacingMm: [spacing, spacing, spacing] as Triple,
});

describe('targetSpacing', () => {
  it('is the median where voxels are nearly cubes', () => {
    expect(targetSpacing(fingerprint([cube(40, 1), cube(40, 1.2), cube(40, 3)]))).toEqual([1.2, 1.2, 1.2]);
  });

  it('is the tenth percentile along thick slices, not below the other axes', () => {
    const thick = (z: number) => ({ shape: [10, 200, 200] as Triple, spacingMm: [z, 1, 1] as Triple });
    // Sorted 4, 5, 6, 8, 10: the tenth percentile is 4 + 0.4 * (5 - 4).
    expect(targetSpacing(fingerprint([5, 4, 8, 6, 10].map(thick)))[0]).toBeCloseTo(4.4, 12);
    expect(targetSpacing(fingerprint([0.5, 0.5, 8, 8, 8].map(thick)))[0]).toBeCloseTo(1 + 1e-5, 12);
  });
});

describe('planTopology', () => {
  it('halves coarse axes later and uses flat kernels there', () => {
    const { kernels, strides, patchSize } = planTopology([16, 64, 64], [5, 1, 1]);
    expect(strides).toEqual([
      [1, 1, 1],
      [1, 2, 2],
      [1, 2, 2],
      [2, 2, 2],
      [2, 2, 2],
    ]);
    expect(kernels[0]).toEqual([1, 3, 3]);
    expect(kernels[2]).toEqual([3, 3, 3]);
    expect(patchSize).toEqual([16, 64, 64]);
  });

  it('gives patches that the network can halve, never smaller than asked for', () => {
    const edge = fc.integer({ min: 1, max: 130 });
    const spacing = fc.double({ min: 0.3, max: 8, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(edge, edge, edge), fc.tuple(spacing, spacing, spacing), (size, mm) => {
        const { patchSize, strides } = planTopology(size, mm);
        for (const axis of [0, 1, 2] as const) {
          const product = strides.reduce((p, s) => p * s[axis], 1);
          expect(patchSize[axis] % product).toBe(0);
          expect(patchSize[axis]).toBeGreaterThanOrEqual(size[axis]);
          expect(patchSize[axis]).toBeLessThan(size[axis] + product);
        }
      }),
    );
  });
});

it('forwardGflop counts two operations for each product of a convolution', () => {
  // One stage, 8 voxels, features 2, one channel: two convolutions, 27 * 8 * (1 * 2 + 2 * 2) products.
  const topology = { patchSize: [2, 2, 2], kernels: [[3, 3, 3]], strides: [[1, 1, 1]] } as const;
  expect(forwardGflop(topology, [2], 1)).toBeCloseTo((2 * 27 * 8 * 6) / 1e9, 15);
});

describe('defaultPlan', () => {
  it('trains on whole volumes where they are small', () => {
    const cases = [
      [31, 40, 24],
      [35, 50, 36],
      [43, 59, 47],
    ].map((shape) => ({ shape: shape as unknown as Triple, spacingMm: [1, 1, 1] as Triple }));
    const plan = defaultPlan(fingerprint(cases), { minutes: 12 });
    expect(plan.patchSize).toEqual([40, 56, 40]);
    expect(plan.augmentation.mirror!.axes).toEqual([2]);
    expect(plan.preprocessing.normalisation).toEqual([{ kind: 'zScore' }]);
  });

  it('clips CT by the statistics of the foreground', () => {
    const { preprocessing } = defaultPlan(fingerprint([cube(64)], 'CT'), { minutes: 5 });
    expect(preprocessing.normalisation).toEqual([
      { kind: 'clipZScore', low: -900, high: 270, mean: 60, standardDeviation: 170 },
    ]);
  });

  it('stays within its limits and is a network that can be built, for any data set', () => {
    const edge = fc.integer({ min: 3, max: 600 });
    const spacing = fc.double({ min: 0.2, max: 10, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(edge, edge, edge), fc.tuple(spacing, spacing, spacing), (shape, spacingMm) => {
        const plan = defaultPlan(fingerprint([{ shape, spacingMm }]), { minutes: 3 }, { maxPatchVoxels: 64_000 });
        expect(plan.patchSize.reduce((a, b) => a * b, 1)).toBeLessThanOrEqual(64_000);
        expect(plan.network.kind).toBe('unet3d');
        expect(() => networkKind('unet3d').create(plan.network)).not.toThrow();
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      }),
    );
  });

  it('makes the network narrower for less time', () => {
    const width = (minutes: number) => defaultPlan(fingerprint([cube(48)]), { minutes }).network.features![0]!;
    expect(width(0.5)).toBeLessThan(width(60));
  });
});
