import {
  type Affine,
  determinantOfAffine,
  RIGHT_ANGLES,
  SegError,
  shearOfAffine,
  spacingOfAffine,
  type Triple,
  type VoxelArray,
} from '@seg/core';

/** The grid that a mask or label map lies on. */
export interface GridOptions {
  /** Sizes in (z, y, x) order, or (y, x) for an image; x is fastest in memory. */
  readonly shape: readonly number[];
  /** Spacing in mm in the order of `shape`; default 1 on every axis. */
  readonly spacingMm?: readonly number[];
}

/** A grid whose axes need not be at right angles. */
export interface PlacedGridOptions extends GridOptions {
  /**
   * Voxel (x, y, z) to mm, 16 numbers, for three axes: the spacing then defaults to its column lengths, and where its axes
   * are not at right angles (gantry tilt) distances, areas and volumes are measured along it. Default: right angles.
   */
  readonly affine?: Affine;
}

/** A checked grid: an image is a single plane of three axes whose first is ignored. */
export interface Grid {
  readonly dims: 2 | 3;
  readonly shape: Triple;
  readonly spacingMm: Triple;
  readonly voxels: number;
  /** Of one voxel, in mm^3 (of an image: mm^2). */
  readonly voxelMm3: number;
  /** Only for axes that are not at right angles: the steps (world x, y, z in mm) along z, along y and along x. */
  readonly axesMm?: AxesMm;
}

/** Three steps in space, one for each of z, y and x. */
export type AxesMm = readonly [Triple, Triple, Triple];

/** Checks a grid's sizes and spacing and brings images to three axes. */
export function checkGrid(where: string, options: PlacedGridOptions): Grid {
  const { shape, affine } = options;
  const spacingMm = options.spacingMm ?? (affine === undefined ? shape?.map(() => 1) : spacingOfAffine(affine));
  const dims = shape?.length;
  if ((dims !== 2 && dims !== 3) || !Array.from(shape).every((n) => Number.isInteger(n) && n > 0 && n < 65535)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'the shape must be 2 or 3 integers from 1 to 65534',
      got: shape,
      expected: '[z, y, x] or [y, x]',
    });
  }
  const spacing = Array.from(spacingMm);
  if (spacing.length !== dims || !spacing.every((s) => Number.isFinite(s) && s > 0)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'the spacing must be one positive number of mm for every axis of the shape',
      got: spacing,
    });
  }
  const voxels = Array.from(shape).reduce((product, n) => product * n, 1);
  if (voxels > 2 ** 31 - 1) {
    throw new SegError('limit-exceeded', {
      where,
      problem: 'the grid has more voxels than 32-bit indices can count',
      got: voxels,
      hint: 'Crop to the objects, or work in blocks.',
    });
  }
  const full = dims === 2 ? [1, ...shape] : [...shape];
  const fullSpacing = dims === 2 ? [1, ...spacing] : spacing;
  return {
    dims,
    shape: full as unknown as Triple,
    spacingMm: fullSpacing as unknown as Triple,
    voxels,
    ...placement(where, affine, dims, fullSpacing as unknown as Triple),
  };
}

function placement(
  where: string,
  affine: Affine | undefined,
  dims: number,
  [sz, sy, sx]: Triple,
): Pick<Grid, 'voxelMm3' | 'axesMm'> {
  if (affine === undefined) return { voxelMm3: sz * sy * sx };
  const shear = shearOfAffine(affine);
  const volume = Math.abs(determinantOfAffine(affine));
  if (dims !== 3 || affine.length !== 16 || !(volume > 0) || !Number.isFinite(volume)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'an affine must be 16 finite numbers with three axes that span space, for a shape of three axes',
      got: affine,
    });
  }
  const spacing = spacingOfAffine(affine);
  if ([sz, sy, sx].some((s, axis) => Math.abs(s / spacing[axis]! - 1) > 1e-3)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'spacingMm contradicts the affine (z, y, x)',
      got: [sz, sy, sx],
      expected: spacing,
      hint: 'Give the affine alone.',
    });
  }
  if (shear <= RIGHT_ANGLES) return { voxelMm3: sz * sy * sx };
  const column = (j: number): Triple => [affine[j]!, affine[4 + j]!, affine[8 + j]!];
  return { voxelMm3: volume, axesMm: [column(2), column(1), column(0)] };
}

/** Checks that voxels fill a grid. */
export function checkVoxels(where: string, name: string, data: VoxelArray, voxels: number): void {
  if (!ArrayBuffer.isView(data) || data instanceof DataView || data.length !== voxels) {
    throw new SegError('shape-mismatch', {
      where,
      problem: `the ${name} does not have one number for every voxel of the shape`,
      got: (data as { length?: unknown })?.length,
      expected: voxels,
    });
  }
}

/** Checks that two typed arrays cover the same voxels. */
export function checkPair(where: string, prediction: VoxelArray, reference: VoxelArray): void {
  if (!ArrayBuffer.isView(prediction) || !ArrayBuffer.isView(reference) || prediction.length !== reference.length) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'prediction and reference differ in size',
      got: [(prediction as { length?: unknown })?.length, (reference as { length?: unknown })?.length],
    });
  }
}
