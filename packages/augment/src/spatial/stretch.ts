import { SegError, type Triple, voxelCount } from '@seg/core';
import type { SamplingGrid } from './coordinates.ts';

export interface StretchOptions {
  /** Strength a: the object shrinks by about 1 + a at the centre; negative values enlarge it. Above -1. */
  readonly strength: number;
  /** Radius R over which the distortion fades, voxels. */
  readonly radiusVoxels: number;
  /** Centre (z, y, x) in voxels; default the middle of the grid. */
  readonly centreVoxels?: Triple;
  /** Axes that are stretched (0 = z, 1 = y, 2 = x). Default all three. */
  readonly axes?: readonly number[];
}

/**
 * Distorts a grid radially, in place: a point at distance r from the centre samples at r * (1 + a * exp(-(r / R)^2)).
 * A graded out-of-distribution deformation for studies of uncertainty, no training augmentation.
 *
 * @returns the same grid.
 */
export function addRadialStretch(grid: SamplingGrid, options: StretchOptions): SamplingGrid {
  const { strength, radiusVoxels, axes = [0, 1, 2] } = options;
  if (!(strength > -1) || !(radiusVoxels > 0)) {
    throw new SegError('invalid-argument', {
      where: 'addRadialStretch',
      problem: 'the strength must be above -1 and the radius positive',
      got: { strength, radiusVoxels },
    });
  }
  const centre = options.centreVoxels ?? (grid.shape.map((n) => (n - 1) / 2) as unknown as Triple);
  const voxels = voxelCount(grid.shape);
  const { coordinates } = grid;
  for (let i = 0; i < voxels; i++) {
    let squared = 0;
    for (const axis of axes) squared += (coordinates[axis * voxels + i]! - centre[axis]!) ** 2;
    const gain = strength * Math.exp(-squared / radiusVoxels ** 2);
    for (const axis of axes) {
      const at = axis * voxels + i;
      coordinates[at]! += gain * (coordinates[at]! - centre[axis]!);
    }
  }
  return grid;
}
