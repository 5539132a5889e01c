import { SegError, type Triple, voxelCount } from '@seg/core';
import { countChannels } from '../patch.ts';
import { type AffineSamplingGrid, affineGrid, type SamplingGrid } from './coordinates.ts';
import { splineCoefficients } from './cubic-spline.ts';
import { sampleCubic } from './sample-cubic.ts';
import { linearAffine, linearAt } from './sample-linear.ts';
import { nearestAffine, nearestAt } from './sample-nearest.ts';

export interface SampleOptions {
  /** `linear` (default) or `cubic` (B-spline with prefilter). */
  readonly interpolation?: 'linear' | 'cubic';
  /** Value outside the input, or `edge` to continue the nearest voxel. Default 0. */
  readonly border?: number | 'edge';
}

/**
 * Samples an image at a grid's coordinates, like SciPy's `map_coordinates` with mode `constant`: no interpolation
 * between the last voxel and the border. For border `edge` like mode `nearest`: the spline of an image that goes on for
 * ever, which swings a little just outside where it is cubic.
 *
 * @param image [C, D, H, W].
 * @param shape [D, H, W] of the image.
 * @returns a new array, [C, ...grid.shape].
 */
export function sampleImage(
  image: Float32Array,
  shape: Triple,
  grid: SamplingGrid | AffineSamplingGrid,
  options: SampleOptions = {},
): Float32Array {
  const channels = countChannels('sampleImage', 'image', image.length, shape);
  const { interpolation = 'linear', border = 0 } = options;
  if (interpolation !== 'linear' && interpolation !== 'cubic') {
    throw new SegError('unknown-option', {
      where: 'sampleImage',
      problem: 'unknown interpolation',
      got: interpolation,
      expected: 'linear | cubic',
    });
  }
  const voxelsIn = voxelCount(shape);
  const voxelsOut = voxelCount(grid.shape);
  const output = new Float32Array(channels * voxelsOut);
  const isFast = interpolation === 'linear' && border !== 'edge' && 'matrix' in grid;
  const dense = isFast ? undefined : coordinatesOf(grid);
  for (let c = 0; c < channels; c++) {
    const from = image.subarray(c * voxelsIn, (c + 1) * voxelsIn);
    const to = output.subarray(c * voxelsOut, (c + 1) * voxelsOut);
    if (dense === undefined) linearAffine(from, shape, grid as AffineSamplingGrid, border as number, to);
    else if (interpolation === 'linear') linearAt(from, shape, dense, border, to);
    else sampleCubic(splineCoefficients(from, shape, border === 'edge' ? 'edge' : 'mirror'), shape, dense, border, to);
  }
  return output;
}

/**
 * Samples label maps at a grid's coordinates by the nearest voxel (halves round up, as in SciPy).
 *
 * @param labels [L, D, H, W].
 * @param border label outside the input, or `edge`. Default 0.
 * @returns a new array, [L, ...grid.shape].
 */
export function sampleLabels(
  labels: Uint8Array,
  shape: Triple,
  grid: SamplingGrid | AffineSamplingGrid,
  border: number | 'edge' = 0,
): Uint8Array {
  const maps = countChannels('sampleLabels', 'label map', labels.length, shape);
  const voxelsIn = voxelCount(shape);
  const voxelsOut = voxelCount(grid.shape);
  const output = new Uint8Array(maps * voxelsOut);
  const dense = border !== 'edge' && 'matrix' in grid ? undefined : coordinatesOf(grid);
  for (let m = 0; m < maps; m++) {
    const from = labels.subarray(m * voxelsIn, (m + 1) * voxelsIn);
    const to = output.subarray(m * voxelsOut, (m + 1) * voxelsOut);
    if (dense === undefined) nearestAffine(from, shape, grid as AffineSamplingGrid, border as number, to);
    else nearestAt(from, shape, dense, border, to);
  }
  return output;
}

function coordinatesOf(grid: SamplingGrid | AffineSamplingGrid): Float32Array {
  return 'coordinates' in grid ? grid.coordinates : affineGrid(grid.matrix, grid.shape).coordinates;
}
