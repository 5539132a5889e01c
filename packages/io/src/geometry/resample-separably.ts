import type { VoxelArray } from '@seg/core';
import { axisKernel, type Interpolation } from './axis-kernel.ts';
import { resampleAxis } from './resample-axis.ts';

/** Interpolation of the z, y and x axis. */
export type AxisInterpolations = readonly [Interpolation, Interpolation, Interpolation];

/**
 * Samples an array [channel, z, y, x] at the product of three lists of positions. Axes that shrink most go first, so
 * that the passes in between have the fewest values; a part of an array takes the order of the whole, which gives the same
 * numbers to the last bit.
 *
 * @returns float32, or the input's type where every axis is sampled by the nearest voxel; never the input itself.
 */
export function resampleSeparably(
  data: VoxelArray,
  shape: readonly [number, number, number, number],
  positions: readonly Float64Array[],
  kinds: AxisInterpolations,
  order: readonly number[] = passOrder(positions, shape.slice(1)),
): VoxelArray {
  const current = [...shape];
  let values: VoxelArray = data;
  for (const axis of order) {
    const length = current[axis + 1]!;
    if (isIdentity(positions[axis]!, length)) continue;
    const outer = current.slice(0, axis + 1).reduce((a, b) => a * b, 1);
    const inner = current.slice(axis + 2).reduce((a, b) => a * b, 1);
    values = resampleAxis(values, [outer, length, inner], axisKernel(kinds[axis]!, positions[axis]!, length));
    current[axis + 1] = positions[axis]!.length;
  }
  return values === data ? (data.slice() as VoxelArray) : values;
}

/** The axes from the one that shrinks most to the one that grows most. */
export function passOrder(
  positions: readonly { readonly length: number }[],
  sizes: readonly number[],
): readonly number[] {
  const growth = (axis: number) => positions[axis]!.length / sizes[axis]!;
  return [2, 1, 0].sort((a, b) => growth(a) - growth(b));
}

function isIdentity(positions: Float64Array, length: number): boolean {
  return positions.length === length && positions.every((position, i) => position === i);
}
