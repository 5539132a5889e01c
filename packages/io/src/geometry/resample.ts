import { checkOption, createVolume, SegError, type Triple, type Volume, type VoxelArray } from '@seg/core';
import { axisKernel, gridPositions, INTERPOLATIONS, type Interpolation } from './axis-kernel.ts';
import { checkResampledSize } from './check-resampled-size.ts';
import { clipToRange } from './clip-to-range.ts';
import { type Grid, gridOf, regrid, shapeForSpacing } from './grid.ts';
import { resampleOnto } from './resample-onto.ts';
import { type AxisInterpolations, resampleSeparably } from './resample-separably.ts';
import { thickSliceAxis } from './thick-slices.ts';

/** Where to resample to: a spacing in mm (z, y, x), a number of voxels (z, y, x), or the grid of another volume. */
export type ResampleTarget = { readonly spacingMm: Triple } | { readonly shape: Triple } | { readonly like: Grid };

export interface ResampleOptions {
  /** Default `linear`. */
  readonly interpolation?: Interpolation;
  /**
   * nnU-Net's rule for thick slices: `auto` samples the axis of the slices by the nearest voxel and interpolates only
   * inside them, where one axis alone is more than 3 times coarser than the finest (in the input, or else in the
   * result); `never` (default) treats all axes alike.
   */
  readonly thickSlices?: 'auto' | 'never';
  /**
   * Clip what a cubic spline swings beyond the input's values, for `spacingMm` and `shape`: to the range of the channel,
   * or of the slice where the rule for thick slices resamples each by itself (scikit-image's `resize`, so nnU-Net).
   * Default false.
   */
  readonly clip?: boolean;
  /** Value outside the input for `like`. Default 0. */
  readonly outside?: number;
}

/**
 * Resamples a volume, channel by channel.
 *
 * `spacingMm` and `shape` divide the same extent into new voxels, with values going on beyond the border: the numbers
 * are those of `scipy.ndimage.zoom(..., mode='nearest', grid_mode=True)` with order 0, 1 and 3, without anti-aliasing.
 * The number of voxels for a spacing is round(shape * old / new), half to even, and the result's spacing is the exact
 * one that follows from it. `like` samples at the places of another grid, which may be shifted, turned or sheared.
 *
 * @returns float32 for `linear` and `cubic`, the input's type for `nearest`.
 * @throws SegError `invalid-argument` for sizes or spacings that are not positive and for `clip` with `like`,
 * `limit-exceeded` for a result of more than 2^31 values (before memory is taken), `unknown-option`.
 * @example
 * const iso = resample(volume, { spacingMm: [1, 1, 1] }, { interpolation: 'cubic' });
 */
export function resample<T extends VoxelArray>(
  volume: Volume<T>,
  target: ResampleTarget,
  options: ResampleOptions & { readonly interpolation: 'nearest' },
): Volume<T>;
export function resample(volume: Volume, target: ResampleTarget, options?: ResampleOptions): Volume<Float32Array>;
export function resample(volume: Volume, target: ResampleTarget, options: ResampleOptions = {}): Volume {
  const { thickSlices = 'never', clip = false, outside = 0 } = options;
  const interpolation = checkOption('resample', 'interpolation', options.interpolation ?? 'linear', INTERPOLATIONS);
  checkOption('resample', 'thickSlices', thickSlices, ['auto', 'never']);
  if ('like' in target && clip) {
    throw new SegError('invalid-argument', {
      where: 'resample',
      problem: 'clip does not go with the grid of another volume, whose outside has a value of its own',
      got: { clip },
      expected: 'a target of spacingMm or shape',
    });
  }
  if ('like' in target) {
    checkResampledSize(volume, target.like.shape, volume.channels);
    return resampleOnto(volume, target.like, { interpolation, outside });
  }
  const grid = targetGrid(gridOf(volume), target, volume.channels);
  const kinds = axisInterpolations(interpolation, thickSlices, volume, target);
  const positions = ([0, 1, 2] as const).map((axis) => gridPositions(volume.shape[axis], grid.shape[axis]));
  const { channels } = volume;
  const values = resampleSeparably(volume.data, [channels, ...volume.shape], positions, kinds);
  const { shape, spacingMm, affine } = grid;
  if (clip && interpolation === 'cubic') {
    const axis = ([0, 1, 2] as const).find((a) => kinds[a] === 'nearest');
    const slicesOf = (axis: 0 | 1 | 2) => axisKernel('nearest', positions[axis]!, volume.shape[axis]).first;
    const slices = axis === undefined ? undefined : { axis, from: slicesOf(axis) };
    clipToRange(values, shape, volume.data, volume.shape, slices);
  }
  const keep = interpolation === 'nearest' || values instanceof Float32Array;
  return createVolume(keep ? values : Float32Array.from(values), shape, { channels, spacingMm, affine });
}

/** The grid that a spacing or a number of voxels means for a volume. */
export function targetGrid(source: Grid, target: Exclude<ResampleTarget, { like: Grid }>, channels = 1): Grid {
  const shape = 'shape' in target ? target.shape : targetShape(source, target.spacingMm);
  checkResampledSize(source, shape, channels);
  return regrid(source, shape);
}

/** The interpolation of each axis under the rule for thick slices. */
export function axisInterpolations(
  interpolation: Interpolation,
  thickSlices: 'auto' | 'never',
  source: Grid,
  target: Exclude<ResampleTarget, { like: Grid }>,
): AxisInterpolations {
  if (thickSlices === 'never') return [interpolation, interpolation, interpolation];
  const targetMm = 'spacingMm' in target ? target.spacingMm : targetGrid(source, target).spacingMm;
  const slices = thickSliceAxis(source.spacingMm, targetMm);
  const kind = (axis: number) => (axis === slices ? 'nearest' : interpolation);
  return [kind(0), kind(1), kind(2)];
}

function targetShape(grid: Grid, spacingMm: Triple): Triple {
  if (spacingMm.length !== 3 || !spacingMm.every((s) => Number.isFinite(s) && s > 0)) {
    throw new SegError('invalid-argument', {
      where: 'resample',
      problem: 'spacingMm must be three positive numbers (z, y, x)',
      got: spacingMm,
    });
  }
  return shapeForSpacing(grid, spacingMm);
}
