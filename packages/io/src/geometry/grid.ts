import { type Affine, SegError, spacingOfAffine, type Triple, type Volume } from '@seg/core';

/** A sampling grid in space: what a volume is without its voxels. */
export interface Grid {
  /** (z, y, x). */
  readonly shape: Triple;
  /** mm (z, y, x). */
  readonly spacingMm: Triple;
  readonly affine: Affine;
}

/** The grid of a volume. */
export function gridOf({ shape, spacingMm, affine }: Volume): Grid {
  return { shape, spacingMm, affine };
}

/** The number of voxels of this spacing that cover the grid: round(shape * spacing / target), half to even, at least 1. */
export function shapeForSpacing({ shape, spacingMm }: Pick<Grid, 'shape' | 'spacingMm'>, targetMm: Triple): Triple {
  const size = (axis: 0 | 1 | 2) => Math.max(1, roundHalfToEven((spacingMm[axis] / targetMm[axis]) * shape[axis]));
  return [size(0), size(1), size(2)];
}

/** NumPy's rounding, which nnU-Net's sizes depend on: 0.5 -> 0, 1.5 -> 2, 2.5 -> 2. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The grid that covers the same extent with another number of voxels. */
export function regrid(grid: Grid, shape: Triple): Grid {
  if (!shape.every((n) => Number.isInteger(n) && n > 0)) {
    throw new SegError('invalid-argument', {
      where: 'resample',
      problem: 'shape must be positive integers',
      got: shape,
    });
  }
  const ratio = (axis: 0 | 1 | 2) => grid.shape[axis] / shape[axis];
  const [rz, ry, rx] = [ratio(0), ratio(1), ratio(2)];
  const affine = grid.affine.slice();
  for (let row = 0; row < 3; row++) {
    const [cx, cy, cz] = [affine[4 * row]!, affine[4 * row + 1]!, affine[4 * row + 2]!];
    affine[4 * row] = cx * rx;
    affine[4 * row + 1] = cy * ry;
    affine[4 * row + 2] = cz * rz;
    affine[4 * row + 3]! += (cx * (rx - 1) + cy * (ry - 1) + cz * (rz - 1)) / 2;
  }
  const [sz, sy, sx] = grid.spacingMm;
  return { shape, spacingMm: [sz * rz, sy * ry, sx * rx], affine };
}

/** Whether two grids have the same shape and place every voxel within a fraction of a voxel of each other. */
export function sameGrid(a: Grid, b: Grid, toleranceVoxels = 1e-3): boolean {
  return a.shape.join() === b.shape.join() && gridDistance(a, b) <= toleranceVoxels;
}

/** Largest distance between corresponding corners of two grids of one shape, in voxels of the finest spacing of `a`. */
export function gridDistance(a: Grid, b: Grid): number {
  const unit = Math.min(...spacingOfAffine(a.affine)) || 1;
  let largest = 0;
  for (let corner = 0; corner < 8; corner++) {
    const x = corner & 1 ? a.shape[2] - 1 : 0;
    const y = corner & 2 ? a.shape[1] - 1 : 0;
    const z = corner & 4 ? a.shape[0] - 1 : 0;
    let squared = 0;
    for (let row = 0; row < 3; row++) {
      const difference = (k: number) => a.affine[4 * row + k]! - b.affine[4 * row + k]!;
      squared += (difference(0) * x + difference(1) * y + difference(2) * z + difference(3)) ** 2;
    }
    largest = Math.max(largest, Math.sqrt(squared) / unit);
  }
  return largest;
}
