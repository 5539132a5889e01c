import { affineFromSpacing } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { voxelToWorld, worldToVoxel } from '../../src/index.ts';
import { largestDifference } from './golden.ts';

// Coordinates up to 100 through a matrix and its inverse in double precision.
const ROUND_TRIP = 1e-9;

describe('voxelToWorld and worldToVoxel', () => {
  it('takes voxels in array order and gives points in x, y, z', () => {
    const affine = affineFromSpacing([5, 2, 1], [30, 20, 10]);
    expect(voxelToWorld({ affine }, [1, 2, 3])).toEqual([10 + 3, 20 + 4, 30 + 5]);
    expect(worldToVoxel({ affine }, [13, 24, 35])).toEqual([1, 2, 3]);
  });

  it('are inverse to each other on an oblique grid', () => {
    const affine = [0.9, -0.3, 0.2, 4, 0.4, 1.8, 0, -7, 0, 0.3, 3, 11, 0, 0, 0, 1];
    const place = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(place, place, place, (z, y, x) => {
        const back = worldToVoxel({ affine }, voxelToWorld({ affine }, [z, y, x]));
        expect(largestDifference(back, [z, y, x])).toBeLessThan(ROUND_TRIP);
      }),
    );
  });
});
