import { affineFromSpacing, createVolume, isSegError, multiplyAffine, type Triple, transformPoint } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleAffine } from '../../src/geometry/sample-affine.ts';
import { resample, resampleLabels } from '../../src/index.ts';
import { golden, largestDifference, ORDER_NAMES } from './golden.ts';

// Values are of order 1; passes between axes are stored in single precision.
const FLOAT32_PASSES = 3e-6;

// The same for values of up to about 10.
const SMALL_PASSES = 1e-5;

const flip = ([x, y, z]: Triple): Triple => [z, y, x];

describe('resample', () => {
  it.each(golden.zoom.map((c) => [`${ORDER_NAMES[c.order]} ${c.shape} to ${c.target}`, c] as const))(
    'equals SciPy zoom: %s',
    (_, { shape, target, order, image, result }) => {
      const volume = createVolume(Float32Array.from(image), shape);
      const resampled = resample(volume, { shape: target }, { interpolation: ORDER_NAMES[order] });
      expect(resampled.shape).toEqual(target);
      expect(largestDifference(resampled.data, result)).toBeLessThan(FLOAT32_PASSES);
    },
  );

  it.each(golden.affine.map((c, i) => [`${ORDER_NAMES[c.order]} ${i}`, c] as const))(
    'equals SciPy map_coordinates on a turned grid: %s',
    (_, { sourceAffine, targetAffine, shapeXyz, targetShapeXyz, order, image, result }) => {
      const volume = createVolume(Float32Array.from(image), flip(shapeXyz), { affine: sourceAffine });
      const shape = flip(targetShapeXyz);
      const like = createVolume(new Uint8Array(shape[0] * shape[1] * shape[2]), shape, { affine: targetAffine });
      const resampled = resample(volume, { like }, { interpolation: ORDER_NAMES[order], outside: -9 });
      expect(resampled.affine).toEqual(targetAffine);
      expect(largestDifference(resampled.data, result)).toBeLessThan(FLOAT32_PASSES);
    },
  );

  it.each(golden.small)(
    'equals SciPy for few voxels, order $order: $shape to $target',
    ({ shape, target, order, image, zoomed, shift, step, sampled }) => {
      const volume = createVolume(Float32Array.from(image), shape);
      const interpolation = ORDER_NAMES[order];
      expect(largestDifference(resample(volume, { shape: target }, { interpolation }).data, zoomed)).toBeLessThan(
        SMALL_PASSES,
      );
      // Places along the volume's axes, sampled axis by axis and voxel by voxel.
      const matrix = [step[2], 0, 0, shift[2], 0, step[1], 0, shift[1], 0, 0, step[0], shift[0], 0, 0, 0, 1];
      const affine = multiplyAffine(volume.affine, matrix);
      const like = createVolume(new Uint8Array(target[0] * target[1] * target[2]), target, { affine });
      const byAxis = resample(volume, { like }, { interpolation, outside: -9 });
      expect(largestDifference(byAxis.data, sampled)).toBeLessThan(SMALL_PASSES);
      const byVoxel = sampleAffine(volume, matrix, target, { interpolation, outside: -9 });
      expect(largestDifference(byVoxel, sampled)).toBeLessThan(SMALL_PASSES);
    },
  );

  it.each(golden.nnunet)(
    'follows the rule for thick slices along axis $axis',
    ({ shape, target, axis, image, result }) => {
      const spacingMm: [number, number, number] = [1, 1, 1];
      spacingMm[axis] = 5;
      const volume = createVolume(Float32Array.from(image), shape, { spacingMm });
      const resampled = resample(volume, { shape: target }, { interpolation: 'cubic', thickSlices: 'auto' });
      expect(largestDifference(resampled.data, result)).toBeLessThan(FLOAT32_PASSES);
    },
  );

  it('keeps the extent: the outer corners of the grid stay where they are', () => {
    const affine = [0, 0, 3, -20, -1.5, 0, 0, 7, 0, 2, 0.3, 5, 0, 0, 0, 1];
    const volume = createVolume(new Float32Array(4 * 5 * 6), [4, 5, 6], { affine });
    const resampled = resample(volume, { spacingMm: [1.1, 0.9, 2.2] });
    for (const corner of [0, 1]) {
      const at = (shape: Triple): Triple => [corner * shape[2] - 0.5, corner * shape[1] - 0.5, corner * shape[0] - 0.5];
      const before = transformPoint(affine, at(volume.shape));
      const after = transformPoint(resampled.affine, at(resampled.shape));
      expect(largestDifference(before, after)).toBeLessThan(1e-9);
    }
  });

  it('rounds sizes half to even, as NumPy', () => {
    const size = (length: number, spacing: number) =>
      resample(createVolume(new Uint8Array(length), [length, 1, 1]), { spacingMm: [spacing, 1, 1] }).shape[0];
    expect([size(5, 2), size(7, 2), size(3, 2), size(1, 100)]).toEqual([2, 4, 2, 1]);
  });

  it('resamples each channel by itself', () => {
    const a = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i));
    const b = Float32Array.from({ length: 60 }, (_, i) => Math.cos(3 * i));
    const both = createVolume(Float32Array.from([...a, ...b]), [3, 4, 5], { channels: 2 });
    const options = { interpolation: 'cubic' } as const;
    const separate = [a, b].map((d) => resample(createVolume(d, [3, 4, 5]), { shape: [5, 3, 8] }, options));
    const joint = resample(both, { shape: [5, 3, 8] }, options);
    expect([...joint.data]).toEqual([...separate[0]!.data, ...separate[1]!.data]);
  });

  it('keeps type and large values for nearest', () => {
    const volume = createVolume(Int32Array.of(2 ** 30 + 1, -7), [1, 1, 2]);
    const resampled = resample(volume, { shape: [1, 1, 4] }, { interpolation: 'nearest' });
    expect(resampled.data).toEqual(Int32Array.of(2 ** 30 + 1, 2 ** 30 + 1, -7, -7));
  });

  it('does not share its result with the input', () => {
    const volume = createVolume(Float32Array.of(1, 2), [1, 1, 2]);
    const same = resample(volume, { shape: [1, 1, 2] });
    expect(same.data).toEqual(volume.data);
    expect(same.data).not.toBe(volume.data);
  });

  it('samples exactly on a shifted, flipped and permuted grid and fills outside', () => {
    const volume = createVolume(
      Float32Array.from({ length: 24 }, (_, i) => i + 1),
      [2, 3, 4],
      {
        affine: affineFromSpacing([2, 1, 1], [0, 0, 0]),
      },
    );
    // x runs along +y, y along -x, z as before, beginning one voxel outside.
    const like = createVolume(new Uint8Array(2 * 4 * 4), [2, 4, 4], {
      affine: [0, -1, 0, 3, 1, 0, 0, -1, 0, 0, 2, 0, 0, 0, 0, 1],
    });
    for (const interpolation of ['nearest', 'linear'] as const) {
      const moved = resample(volume, { like }, { interpolation, outside: -1 });
      const expected = [0, 1].flatMap((z) =>
        [0, 1, 2, 3].flatMap((j) => [0, 1, 2, 3].map((i) => (i === 0 ? -1 : 1 + 12 * z + 4 * (i - 1) + (3 - j)))),
      );
      expect([...moved.data]).toEqual(expected);
    }
  });

  it.each([0, 1, 2] as const)(
    'clips thick slices along axis %i to their own range, other images as a whole',
    (axis) => {
      const shape = [6, 6, 6] as const;
      const spacingMm = [1, 1, 1].with(axis, 5) as unknown as Triple;
      // A step of 1 in the first three slices, of 10 in the others, along the axis after that of the slices.
      const at = (i: number) => [Math.floor(i / 36), Math.floor(i / 6) % 6, i % 6] as const;
      const value = (i: number) => (at(i)[(axis + 1) % 3]! < 3 ? 0 : at(i)[axis] < 3 ? 1 : 10);
      const volume = createVolume(
        Float32Array.from({ length: 216 }, (_, i) => value(i)),
        shape,
        { spacingMm },
      );
      const target = { shape: [6, 6, 6].with((axis + 1) % 3, 15) as unknown as Triple };
      const largest = (thickSlices: 'auto' | 'never', clip: boolean) => {
        const { data } = resample(volume, target, { interpolation: 'cubic', thickSlices, clip });
        const inner = target.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
        const slices = [0, 1, 2, 3, 4, 5].map((s) => data.filter((_, i) => Math.floor(i / inner) % 6 === s));
        expect(Math.min(...data)).toSatisfy((low: number) => (clip ? low === 0 : low < -0.5));
        return slices.map((slice) => Math.max(...slice));
      };
      expect(largest('auto', true)).toEqual([1, 1, 1, 10, 10, 10]);
      expect(largest('never', true).slice(3)).toEqual([10, 10, 10]);
      for (const peak of largest('never', true).slice(0, 3)) expect(peak).toBeGreaterThan(1.05);
      for (const peak of largest('auto', false)) expect(peak).toSatisfy((p: number) => (p > 1.05 && p < 2) || p > 10.5);
    },
  );

  it('does not clip on the grid of another volume', () => {
    const volume = createVolume(new Float32Array(8), [2, 2, 2]);
    expect(() => resample(volume, { like: volume }, { interpolation: 'cubic', clip: true })).toThrow(
      /clip does not go with the grid of another volume/,
    );
  });

  it.each([
    [{ shape: [0, 1, 1] }],
    [{ shape: [1.5, 1, 1] }],
    [{ spacingMm: [0, 1, 1] }],
    [{ spacingMm: [Number.NaN, 1, 1] }],
  ])('refuses %j', (target) => {
    const volume = createVolume(new Float32Array(1), [1, 1, 1]);
    expect(() => resample(volume, target as never)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('names the nearest interpolation for a wrong one', () => {
    const volume = createVolume(new Float32Array(1), [1, 1, 1]);
    const wrong = { interpolation: 'linaer' } as never;
    try {
      resample(volume, { shape: [1, 1, 1] }, wrong);
      expect.unreachable();
    } catch (error) {
      expect(isSegError(error, 'unknown-option') && error.hint).toContain('linear');
    }
  });
});

describe('resampleLabels', () => {
  it.each(golden.labels)(
    'equals one-hot linear SciPy zoom with threshold: $shape to $target',
    ({ shape, target, labels, result }) => {
      const resampled = resampleLabels(createVolume(Uint8Array.from(labels), shape), { shape: target });
      expect([...resampled.data]).toEqual(result);
    },
  );

  it.each(golden.nnunet)(
    'follows the rule for thick slices along axis $axis',
    ({ shape, target, axis, labels, resultLabels }) => {
      const spacingMm: [number, number, number] = [1, 1, 1];
      spacingMm[axis] = 5;
      const volume = createVolume(Uint8Array.from(labels), shape, { spacingMm });
      const resampled = resampleLabels(volume, { shape: target }, { thickSlices: 'auto' });
      expect([...resampled.data]).toEqual(resultLabels);
    },
  );

  it('gives each voxel the label of largest, or last sufficient, membership by a direct trilinear sum', () => {
    const size = fc.integer({ min: 1, max: 6 });
    const sizes = fc.tuple(size, size, size);
    fc.assert(
      fc.property(sizes, sizes, fc.infiniteStream(fc.nat(3)), (shape, target, stream) => {
        const data = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, () => stream.next().value as number);
        const membership = (label: number, at: Triple) => {
          let sum = 0;
          for (let corner = 0; corner < 8; corner++) {
            let weight = 1;
            let index = 0;
            for (let axis = 0; axis < 3; axis++) {
              const p = Math.min(
                shape[axis]! - 1,
                Math.max(0, ((at[axis]! + 0.5) * shape[axis]!) / target[axis]! - 0.5),
              );
              const low = Math.floor(p);
              const high = ((corner >> axis) & 1) === 1;
              weight *= high ? p - low : 1 - (p - low);
              index = index * shape[axis]! + Math.min(shape[axis]! - 1, low + (high ? 1 : 0));
            }
            if (data[index] === label) sum += weight;
          }
          return sum;
        };
        const volume = createVolume(data, shape);
        const [largest, sufficient] = (['argmax', 'threshold'] as const).map((rule) =>
          resampleLabels(volume, { shape: target }, { rule }),
        );
        for (let i = 0; i < largest!.data.length; i++) {
          const at: Triple = [
            Math.floor(i / (target[1] * target[2])),
            Math.floor(i / target[2]) % target[1],
            i % target[2],
          ];
          const shares = [0, 1, 2, 3].map((label) => membership(label, at));
          expect(shares[largest!.data[i]!]!).toBeGreaterThan(Math.max(...shares) - 1e-5);
          // Memberships that are 0.5 but for rounding may fall on either side.
          const enough = [3, 2, 1].filter((label) => shares[label]! >= 0.5 - 1e-5);
          const surely = [3, 2, 1].find((label) => shares[label]! >= 0.5 + 1e-5) ?? 0;
          expect([...enough, surely]).toContain(sufficient!.data[i]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('argmax leaves no gap where three labels meet', () => {
    const volume = createVolume(Uint8Array.of(1, 2, 3, 1), [1, 2, 2]);
    const resampled = resampleLabels(volume, { shape: [1, 8, 8] }, { rule: 'argmax' });
    expect(resampled.data.every((v) => v > 0)).toBe(true);
    expect(resampled.data[0]).toBe(1);
    expect(resampled.data[7]).toBe(2);
    expect(resampled.data[56]).toBe(3);
  });

  it('keeps int32 labels above 2^24 apart', () => {
    const volume = createVolume(Int32Array.of(2 ** 25, 2 ** 25 + 1), [1, 1, 2]);
    expect([...resampleLabels(volume, { shape: [1, 1, 4] }).data]).toEqual([
      2 ** 25,
      2 ** 25,
      2 ** 25 + 1,
      2 ** 25 + 1,
    ]);
  });
});
