import { Rng, type Triple } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addElasticDisplacement,
  addRadialStretch,
  affineGrid,
  affineMatrix,
  cropCentre,
  loadShape,
  mirror,
  nnunetAugmentation,
  sampleImage,
  sampleLabels,
} from '../src/index.ts';

const shapes = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }));

function ramp(shape: Triple, channels = 1): Float32Array {
  return Float32Array.from({ length: channels * shape[0] * shape[1] * shape[2] }, (_, i) => i);
}

describe('mirror', () => {
  it('reverses x by hand', () => {
    expect([...mirror(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3], [2])]).toEqual([3, 2, 1, 6, 5, 4]);
  });

  it('reverses z and y by hand', () => {
    expect([...mirror(Uint8Array.of(1, 2, 3, 4), [2, 2, 1], [0])]).toEqual([3, 4, 1, 2]);
    expect([...mirror(Uint8Array.of(1, 2, 3, 4), [2, 2, 1], [1])]).toEqual([2, 1, 4, 3]);
  });

  it('is its own inverse', () => {
    fc.assert(
      fc.property(shapes, fc.subarray([0, 1, 2]), fc.integer({ min: 1, max: 2 }), (shape, axes, channels) => {
        const data = ramp(shape, channels);
        expect(mirror(mirror(data, shape, axes), shape, axes)).toEqual(data);
      }),
    );
  });

  it('refuses an axis that does not exist', () => {
    expect(() => mirror(ramp([2, 2, 2]), [2, 2, 2], [3])).toThrow(/axes must be 0/);
  });
});

describe('affine sampling', () => {
  it('is the identity without a transform', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const grid = affineGrid(affineMatrix(shape, shape), shape);
        const image = ramp(shape, 2);
        expect(sampleImage(image, shape, grid)).toEqual(image);
        expect(sampleLabels(Uint8Array.from(image), shape, grid)).toEqual(Uint8Array.from(image));
      }),
    );
  });

  it('moves the content by whole voxels, border elsewhere', () => {
    const shape: Triple = [1, 1, 4];
    const grid = affineGrid(affineMatrix(shape, shape, { shiftVoxels: [0, 0, 1] }), shape);
    expect([...sampleImage(Float32Array.of(1, 2, 3, 4), shape, grid, { border: -5 })]).toEqual([-5, 1, 2, 3]);
    expect([...sampleImage(Float32Array.of(1, 2, 3, 4), shape, grid, { border: 'edge' })]).toEqual([1, 1, 2, 3]);
  });

  it('takes the mean of two voxels at a half shift', () => {
    const shape: Triple = [1, 1, 3];
    const grid = affineGrid(affineMatrix(shape, shape, { shiftVoxels: [0, 0, -0.5] }), shape);
    expect([...sampleImage(Float32Array.of(1, 2, 4), shape, grid)]).toEqual([1.5, 3, 0]);
  });

  it('turns a plane by 90 degrees without losing its corners', () => {
    const shape: Triple = [1, 3, 3];
    const grid = affineGrid(affineMatrix(shape, shape, { rotationRad: [Math.PI / 2, 0, 0] }), shape);
    const turned = sampleImage(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), shape, grid, { border: -1 });
    // Output (y, x) samples the input at (-x, y) about the centre: its first row is the input's last column, upwards.
    expect([...turned].map(Math.round)).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3]);
  });

  it('shrinks the object at a scale above 1', () => {
    const shape: Triple = [9, 9, 9];
    const cube = new Uint8Array(729);
    for (let i = 0; i < 729; i++) {
      const at = [Math.floor(i / 81), Math.floor(i / 9) % 9, i % 9];
      cube[i] = at.every((v) => v >= 2 && v <= 6) ? 1 : 0;
    }
    const grid = affineGrid(affineMatrix(shape, shape, { scale: [1.7, 1.7, 1.7] }), shape);
    // The cube of half width 2.5 has half width 2.5 / 1.7 = 1.47 after that: 3 voxels wide.
    expect(sampleLabels(cube, shape, grid).reduce((a, b) => a + b)).toBe(27);
  });

  it('crops the centre as cropCentre does when the output is smaller', () => {
    fc.assert(
      fc.property(shapes, fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)), (output, extra) => {
        const shape = output.map((n, i) => n + extra[i]!) as unknown as Triple;
        const data = ramp(shape);
        expect(sampleImage(data, shape, affineGrid(affineMatrix(shape, output), output))).toEqual(
          cropCentre(data, shape, output),
        );
      }),
    );
  });

  it('gives the same by matrix as by coordinates, whatever leaves the input', () => {
    const angle = fc.double({ min: -3, max: 3, noNaN: true });
    const factor = fc.double({ min: 0.5, max: 2, noNaN: true });
    const shift = fc.double({ min: -9, max: 9, noNaN: true });
    fc.assert(
      fc.property(
        shapes,
        shapes,
        fc.tuple(angle, angle, angle),
        fc.tuple(factor, factor, factor),
        fc.tuple(shift, shift, shift),
        (input, output, rotationRad, scale, shiftVoxels) => {
          const matrix = affineMatrix(input, output, { rotationRad, scale, shiftVoxels });
          const data = ramp(input, 2).map((v) => Math.sin(v));
          const dense = affineGrid(matrix, output);
          const fast = sampleImage(data, input, { matrix, shape: output }, { border: 5 });
          const slow = sampleImage(data, input, dense, { border: 5 });
          // Coordinates of the dense grid are float32.
          const different = fast.filter((v, i) => Math.abs(v - slow[i]!) > 1e-3);
          expect(different.length).toBe(0);
        },
      ),
    );
  });

  it('refuses scales that are not positive', () => {
    expect(() => affineMatrix([2, 2, 2], [2, 2, 2], { scale: [1, 0, 1] })).toThrow(/positive/);
  });

  it('refuses arrays that do not fill the shape', () => {
    const grid = affineGrid(affineMatrix([2, 2, 2], [2, 2, 2]), [2, 2, 2]);
    expect(() => sampleImage(new Float32Array(9), [2, 2, 2], grid)).toThrow(/does not fill/);
  });
});

describe('elastic displacement', () => {
  it('has the standard deviation that was asked for, component by component', () => {
    const shape: Triple = [60, 60, 60];
    const rng = Rng.fromSeed(3);
    const identity = affineGrid(affineMatrix(shape, shape), shape);
    const moved = addElasticDisplacement(
      affineGrid(affineMatrix(shape, shape), shape),
      { standardDeviationVoxels: 2, controlSpacingVoxels: 4 },
      rng,
    );
    for (let axis = 0; axis < 3; axis++) {
      let squares = 0;
      for (let i = axis * 216_000; i < (axis + 1) * 216_000; i++) {
        squares += (moved.coordinates[i]! - identity.coordinates[i]!) ** 2;
      }
      // About 15^3 independent control points: 3 % is more than two standard errors of the deviation.
      expect(Math.sqrt(squares / 216_000) / 2).toBeCloseTo(1, 1);
    }
  });

  it('moves only the axes that were named, and smoothly', () => {
    const shape: Triple = [8, 20, 20];
    const identity = affineGrid(affineMatrix(shape, shape), shape);
    const options = { standardDeviationVoxels: 1, controlSpacingVoxels: 8, axes: [1, 2] };
    const moved = addElasticDisplacement(affineGrid(affineMatrix(shape, shape), shape), options, Rng.fromSeed(1));
    expect(moved.coordinates.subarray(0, 3200)).toEqual(identity.coordinates.subarray(0, 3200));
    for (let i = 3201; i < 6400; i++) {
      if (i % 20 === 0) continue;
      const step =
        moved.coordinates[i]! - identity.coordinates[i]! - moved.coordinates[i - 1]! + identity.coordinates[i - 1]!;
      expect(Math.abs(step)).toBeLessThan(1.5);
    }
  });
});

describe('radial stretch', () => {
  it('moves a point by r * a * exp(-(r / R)^2) outwards', () => {
    const shape: Triple = [1, 1, 5];
    const grid = affineGrid(affineMatrix(shape, shape), shape);
    addRadialStretch(grid, { strength: 0.4, radiusVoxels: 2 });
    const x = [...grid.coordinates.subarray(10)];
    expect(x[2]).toBe(2);
    expect(x[3]).toBeCloseTo(2 + 1 * (1 + 0.4 * Math.exp(-0.25)), 5);
    expect(x[0]).toBeCloseTo(2 - 2 * (1 + 0.4 * Math.exp(-1)), 5);
  });
});

describe('loadShape', () => {
  it('is the patch itself without spatial transforms', () => {
    expect(loadShape({ mirror: { probability: 0.5, axes: [0] } }, [5, 6, 7])).toEqual([5, 6, 7]);
  });

  it('holds a cube rotated by 30 degrees and scaled by 1.4', () => {
    const factor = (Math.cos(Math.PI / 6) + 0.5) * 1.4;
    expect(loadShape(nnunetAugmentation, [20, 20, 20])).toEqual(Array(3).fill(Math.ceil(20 * factor)));
  });

  it('leaves thick slices alone', () => {
    const config = { inPlaneOnly: true, rotation: { probability: 1, degrees: [-180, 180] } } as const;
    expect(loadShape(config, [4, 30, 40])).toEqual([4, 50, 50]);
  });
});
