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

  const GIB = 2 ** 30;
  const voxels = ({ patchSize: [z, y, x] }: { patchSize: Triple }) => z * y * x;
  const large = fingerprint([cube(300)]);

  it('keeps to 110 000 voxels where two cores have minutes or steps, whatever memory there is', () => {
    for (const budget of [{ minutes: 1 }, { minutes: 30 }, { steps: 10 }, { steps: 1e6 }]) {
      const { patchSize } = defaultPlan(large, budget, { memoryBytes: 1000 * GIB, gflopPerSecond: 100 });
      // 48 cubed is 110 592: one step of 8 less along one axis.
      expect(patchSize).toEqual([40, 48, 48]);
    }
  });

  it('takes larger patches where the machine is fast, as far as memory goes', () => {
    const minutes = (gib: number, gflopPerSecond = 1e6) =>
      defaultPlan(large, { minutes: 60 }, { memoryBytes: gib * GIB, gflopPerSecond });
    const [two, eight, many] = [minutes(2), minutes(8), minutes(1000)];
    expect(voxels(two)).toBeGreaterThan(48 ** 3);
    expect(voxels(eight)).toBeGreaterThan(voxels(two));
    expect(many.patchSize.every((n) => n >= 300)).toBe(true);
    // Stages of 16, 32, 64, ... features hold at least 16 * (1 + 2 / 8) values a voxel and sample, of 60 bytes; half of
    // the memory is planned with.
    for (const [gib, plan] of [[2, two] as const, [8, eight] as const]) {
      expect(voxels(plan) * 2 * 20 * 60).toBeLessThanOrEqual((gib * GIB) / 2);
    }
    expect(voxels(minutes(8, 1000))).toBeLessThan(voxels(eight));
    expect(eight.network.features!.length).toBeGreaterThan(4);
  });

  it('makes patches smaller than 48 cubed where there is no memory for them, and keeps tensors within their bound', () => {
    expect(voxels(defaultPlan(large, { minutes: 12 }, { memoryBytes: 0.25 * GIB }))).toBeLessThan(48 ** 3);
    const plan = defaultPlan(large, { steps: 9 }, { memoryBytes: 8 * GIB, tensorBytes: 2 ** 27, gflopPerSecond: 1500 });
    // Two samples of 3 * 16 floats a voxel.
    expect(voxels(plan) * 2 * 48 * 4).toBeLessThanOrEqual(2 ** 27);
    expect(voxels(plan)).toBeGreaterThan(48 ** 3);
  });

  it('has one plan for a budget of steps on all GPUs of 8 GiB and more', () => {
    const plan = (gib: number) => defaultPlan(large, { steps: 1000 }, { memoryBytes: gib * GIB, gflopPerSecond: 1500 });
    expect(plan(8)).toEqual(plan(139));
    expect(voxels(plan(8))).toBeGreaterThan(48 ** 3);
  });

  it('makes the network narrower for less time', () => {
    const width = (minutes: number) => defaultPlan(fingerprint([cube(48)]), { minutes }).network.features![0]!;
    expect(width(0.5)).toBeLessThan(width(60));
  });
});
