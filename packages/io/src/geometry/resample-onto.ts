import {
  createVolume,
  invertAffine,
  multiplyAffine,
  type Triple,
  type Volume,
  type VoxelArray,
  voxelCount,
} from '@seg/core';
import type { Interpolation } from './axis-kernel.ts';
import type { Grid } from './grid.ts';
import { axisCodesOf } from './orientation.ts';
import { reorient } from './reorient.ts';
import { resampleSeparably } from './resample-separably.ts';
import { sampleAffine } from './sample-affine.ts';

/** Voxels by which a place may miss a voxel's centre and still be taken for it: rounding errors of affines. */
const SNAP = 1e-6;

/** Voxels by which grids may be turned against each other over their whole extent and still count as parallel. */
const PARALLEL = 1e-3;

/**
 * Samples a volume at the voxels of another grid in space; places more than half a voxel outside get `outside`.
 *
 * Grids whose axes are parallel, whatever their order and direction, are sampled axis by axis; others voxel by voxel.
 */
export function resampleOnto(
  volume: Volume,
  grid: Grid,
  { interpolation, outside }: { readonly interpolation: Interpolation; readonly outside: number },
): Volume {
  const source = reorient(volume, axisCodesOf(grid.affine));
  const { shape, spacingMm, affine } = grid;
  const matrix = multiplyAffine(invertAffine(source.affine), affine);
  const { channels } = volume;
  const geometry = { channels, spacingMm, affine };
  if (!isParallel(matrix, shape)) {
    return createVolume(sampleAffine(source, matrix, shape, { interpolation, outside }), shape, geometry);
  }
  const positions = ([0, 1, 2] as const).map((axis) => axisPositions(matrix, axis, shape[axis]));
  const kinds = [interpolation, interpolation, interpolation] as const;
  const sampled = resampleSeparably(source.data, [channels, ...source.shape], positions, kinds);
  const values = interpolation === 'nearest' || sampled instanceof Float32Array ? sampled : Float32Array.from(sampled);
  fillOutside(values, shape, positions, source.shape, outside);
  return createVolume(values, shape, geometry);
}

function isParallel(matrix: readonly number[], shape: Triple): boolean {
  const sizes = [shape[2], shape[1], shape[0]];
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      if (row !== column && Math.abs(matrix[4 * row + column]!) * sizes[column]! > PARALLEL) return false;
    }
  }
  return true;
}

/** Places of a grid's voxels along one axis (0 = z) in voxels of the source. */
function axisPositions(matrix: readonly number[], axis: 0 | 1 | 2, size: number): Float64Array {
  const row = 2 - axis;
  return Float64Array.from({ length: size }, (_, i) => {
    const position = matrix[5 * row]! * i + matrix[4 * row + 3]!;
    const nearest = Math.round(position);
    return Math.abs(position - nearest) < SNAP ? nearest : position;
  });
}

function fillOutside(
  values: VoxelArray,
  shape: Triple,
  positions: readonly Float64Array[],
  sourceShape: Triple,
  outside: number,
): void {
  const inside = positions.map((list, axis) => {
    const limit = sourceShape[axis]! - 0.5 + SNAP;
    const isInside = (p: number) => p >= -0.5 - SNAP && p <= limit;
    return { from: list.findIndex(isInside), to: list.findLastIndex(isInside) + 1 };
  }) as [{ from: number; to: number }, { from: number; to: number }, { from: number; to: number }];
  const [zs, ys, xs] = inside;
  if (inside.every(({ from, to }, axis) => from === 0 && to === shape[axis])) return;
  if (inside.some(({ from }) => from < 0)) {
    values.fill(outside);
    return;
  }
  const [depth, height, width] = shape;
  const channels = values.length / voxelCount(shape);
  for (let channel = 0, row = 0; channel < channels; channel++) {
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++, row += width) {
        if (z < zs.from || z >= zs.to || y < ys.from || y >= ys.to) {
          values.fill(outside, row, row + width);
        } else {
          values.fill(outside, row, row + xs.from);
          values.fill(outside, row + xs.to, row + width);
        }
      }
    }
  }
}
