import type { Triple, VoxelArray } from '@seg/core';

/** The axis of slices that were resampled by themselves, and of which input slice each output slice is made. */
export interface SliceOrigin {
  readonly axis: 0 | 1 | 2;
  readonly from: Int32Array;
}

/**
 * Clips resampled values, in place, to the range of what they were made of: of their channel, or of the input's slice
 * where slices were resampled by themselves. A cubic spline swings beyond its samples beside sharp edges.
 *
 * @param values [channel, z, y, x] of the result, of this shape
 * @param input [channel, z, y, x]
 */
export function clipToRange(
  values: VoxelArray,
  shape: Triple,
  input: VoxelArray,
  inputShape: Triple,
  slices: SliceOrigin | undefined,
): void {
  const { low, high } = rangesOf(input, inputShape, slices?.axis);
  const count = slices === undefined ? 1 : inputShape[slices.axis];
  visitSlices(values.length, shape, slices?.axis, (channel, slice, start, end) => {
    const range = channel * count + (slices?.from[slice] ?? 0);
    const [min, max] = [low[range]!, high[range]!];
    for (let i = start; i < end; i++) {
      if (values[i]! < min) values[i] = min;
      else if (values[i]! > max) values[i] = max;
    }
  });
}

/** Least and largest value of every slice of every channel, or of every channel. */
function rangesOf(input: VoxelArray, shape: Triple, axis: 0 | 1 | 2 | undefined) {
  const count = axis === undefined ? 1 : shape[axis];
  const ranges = (input.length / (shape[0] * shape[1] * shape[2])) * count;
  const low = new Float64Array(ranges).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(ranges).fill(Number.NEGATIVE_INFINITY);
  visitSlices(input.length, shape, axis, (channel, slice, start, end) => {
    const range = channel * count + slice;
    for (let i = start; i < end; i++) {
      if (input[i]! < low[range]!) low[range] = input[i]!;
      if (input[i]! > high[range]!) high[range] = input[i]!;
    }
  });
  return { low, high };
}

/** Calls back for runs of voxels that lie together, with the channel and the slice along the axis that they belong to. */
function visitSlices(
  length: number,
  shape: Triple,
  axis: 0 | 1 | 2 | undefined,
  visit: (channel: number, slice: number, start: number, end: number) => void,
): void {
  const voxels = shape[0] * shape[1] * shape[2];
  const count = axis === undefined ? 1 : shape[axis];
  const run = axis === undefined ? voxels : shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  for (let start = 0, i = 0; start < length; start += run, i++) {
    visit(Math.floor(start / voxels), i % count, start, start + run);
  }
}
