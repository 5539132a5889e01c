import { SegError, type Triple, voxelCount } from '@seg/core';
import { countChannels } from '../patch.ts';
import type { SamplingGrid } from './coordinates.ts';
import { bsplineWeights, splineCoefficients } from './cubic-spline.ts';

/** Coordinates this far outside count as on the edge, so that rounding in a rotation by 90 degrees loses nothing. */
const EDGE_TOLERANCE = 1e-4;

export interface SampleOptions {
  /** `linear` (default) or `cubic` (B-spline with prefilter). */
  readonly interpolation?: 'linear' | 'cubic';
  /** Value outside the input, or `edge` to continue the nearest voxel. Default 0. */
  readonly border?: number | 'edge';
}

/**
 * Samples an image at a grid's coordinates, like SciPy's `map_coordinates` with mode `constant` (or `nearest` for
 * border `edge`): no interpolation between the last voxel and the border.
 *
 * @param image [C, D, H, W].
 * @param shape [D, H, W] of the image.
 * @returns a new array, [C, ...grid.shape].
 */
export function sampleImage(
  image: Float32Array,
  shape: Triple,
  grid: SamplingGrid,
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
  for (let c = 0; c < channels; c++) {
    const from = image.subarray(c * voxelsIn, (c + 1) * voxelsIn);
    const to = output.subarray(c * voxelsOut, (c + 1) * voxelsOut);
    if (interpolation === 'linear') sampleLinear(from, shape, grid.coordinates, border, to);
    else sampleCubic(splineCoefficients(from, shape), shape, grid.coordinates, border, to);
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
  grid: SamplingGrid,
  border: number | 'edge' = 0,
): Uint8Array {
  const maps = countChannels('sampleLabels', 'label map', labels.length, shape);
  const [depth, height, width] = shape;
  const voxelsIn = voxelCount(shape);
  const voxels = voxelCount(grid.shape);
  const { coordinates } = grid;
  const output = new Uint8Array(maps * voxels);
  const [maxZ, maxY, maxX] = [depth - 1, height - 1, width - 1];
  const edge = border === 'edge';
  for (let i = 0; i < voxels; i++) {
    const z = coordinates[i]!;
    const y = coordinates[voxels + i]!;
    const x = coordinates[2 * voxels + i]!;
    if (edge || isInside(z, y, x, maxZ, maxY, maxX)) {
      const iz = clamp(Math.floor(z + 0.5), maxZ);
      const iy = clamp(Math.floor(y + 0.5), maxY);
      const ix = clamp(Math.floor(x + 0.5), maxX);
      const at = (iz * height + iy) * width + ix;
      for (let m = 0; m < maps; m++) output[m * voxels + i] = labels[m * voxelsIn + at]!;
    } else {
      for (let m = 0; m < maps; m++) output[m * voxels + i] = border as number;
    }
  }
  return output;
}

function sampleLinear(
  from: Float32Array,
  [depth, height, width]: Triple,
  coordinates: Float32Array,
  border: number | 'edge',
  to: Float32Array,
): void {
  const voxels = to.length;
  const [maxZ, maxY, maxX] = [depth - 1, height - 1, width - 1];
  const strideZ = depth > 1 ? height * width : 0;
  const strideY = height > 1 ? width : 0;
  const strideX = width > 1 ? 1 : 0;
  const [lastZ, lastY, lastX] = [Math.max(0, depth - 2), Math.max(0, height - 2), Math.max(0, width - 2)];
  const edge = border === 'edge';
  for (let i = 0; i < voxels; i++) {
    let z = coordinates[i]!;
    let y = coordinates[voxels + i]!;
    let x = coordinates[2 * voxels + i]!;
    if (!edge && !isInside(z, y, x, maxZ, maxY, maxX)) {
      to[i] = border as number;
      continue;
    }
    z = clamp(z, maxZ);
    y = clamp(y, maxY);
    x = clamp(x, maxX);
    let iz = z | 0;
    let iy = y | 0;
    let ix = x | 0;
    if (iz > lastZ) iz = lastZ;
    if (iy > lastY) iy = lastY;
    if (ix > lastX) ix = lastX;
    const fz = z - iz;
    const fy = y - iy;
    const fx = x - ix;
    const a = (iz * height + iy) * width + ix;
    const b = a + strideY;
    const c = a + strideZ;
    const d = c + strideY;
    const a0 = from[a]! + fx * (from[a + strideX]! - from[a]!);
    const b0 = from[b]! + fx * (from[b + strideX]! - from[b]!);
    const c0 = from[c]! + fx * (from[c + strideX]! - from[c]!);
    const d0 = from[d]! + fx * (from[d + strideX]! - from[d]!);
    const near = a0 + fy * (b0 - a0);
    to[i] = near + fz * (c0 + fy * (d0 - c0) - near);
  }
}

function sampleCubic(
  coefficients: Float32Array,
  [depth, height, width]: Triple,
  coordinates: Float32Array,
  border: number | 'edge',
  to: Float32Array,
): void {
  const voxels = to.length;
  const [maxZ, maxY, maxX] = [depth - 1, height - 1, width - 1];
  const edge = border === 'edge';
  const weights = new Float64Array(12);
  const offsets = new Int32Array(12);
  for (let i = 0; i < voxels; i++) {
    const z = coordinates[i]!;
    const y = coordinates[voxels + i]!;
    const x = coordinates[2 * voxels + i]!;
    if (!edge && !isInside(z, y, x, maxZ, maxY, maxX)) {
      to[i] = border as number;
      continue;
    }
    tapsOf(clamp(z, maxZ), depth, height * width, weights, offsets, 0);
    tapsOf(clamp(y, maxY), height, width, weights, offsets, 4);
    tapsOf(clamp(x, maxX), width, 1, weights, offsets, 8);
    let sum = 0;
    for (let a = 0; a < 4; a++) {
      let plane = 0;
      for (let b = 4; b < 8; b++) {
        const row = offsets[a]! + offsets[b]!;
        plane +=
          weights[b]! *
          (weights[8]! * coefficients[row + offsets[8]!]! +
            weights[9]! * coefficients[row + offsets[9]!]! +
            weights[10]! * coefficients[row + offsets[10]!]! +
            weights[11]! * coefficients[row + offsets[11]!]!);
      }
      sum += weights[a]! * plane;
    }
    to[i] = sum;
  }
}

function tapsOf(
  position: number,
  size: number,
  stride: number,
  weights: Float64Array,
  offsets: Int32Array,
  at: number,
): void {
  const floor = Math.floor(position);
  bsplineWeights(position - floor, weights, at);
  for (let k = 0; k < 4; k++) offsets[at + k] = stride * mirrorIndex(floor - 1 + k, size);
}

/** Index reflected about the first and last sample. */
function mirrorIndex(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * size - 2;
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - wrapped;
}

function isInside(z: number, y: number, x: number, maxZ: number, maxY: number, maxX: number): boolean {
  return (
    z >= -EDGE_TOLERANCE &&
    y >= -EDGE_TOLERANCE &&
    x >= -EDGE_TOLERANCE &&
    z <= maxZ + EDGE_TOLERANCE &&
    y <= maxY + EDGE_TOLERANCE &&
    x <= maxX + EDGE_TOLERANCE
  );
}

function clamp(value: number, max: number): number {
  return value < 0 ? 0 : Math.min(value, max);
}
