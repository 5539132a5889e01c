import type { VoxelArray } from '@seg/core';
import { type AxisKernel, CUBIC_MARGIN } from './axis-kernel.ts';
import { newVoxels } from './new-voxels.ts';
import { coefficientRows, splineCoefficients } from './spline-prefilter.ts';

/** Numbers that a block of columns may hold: two such blocks fit the second-level cache. */
const BLOCK_NUMBERS = 32768;

/** Sizes of the axes before the resampled one, of that one, and of those behind it. */
export type AxisSizes = readonly [outer: number, length: number, inner: number];

/**
 * Resamples one axis of an array seen as `outer` x `length` x `inner`.
 *
 * @returns `outer` x `kernel.size` x `inner` values: of the input's type for a kernel of one tap, else float32.
 */
export function resampleAxis(data: VoxelArray, sizes: AxisSizes, kernel: AxisKernel): VoxelArray {
  if (kernel.taps === 1) return pick(data, sizes, kernel);
  const [outer, length, inner] = sizes;
  const result = new Float32Array(outer * kernel.size * inner);
  if (kernel.taps === 4) cubic(data, result, sizes, kernel);
  else if (inner === 1) linearRows(data, result, [outer, length], kernel);
  else linearColumns(data, result, sizes, kernel);
  return result;
}

function pick(data: VoxelArray, [outer, length, inner]: AxisSizes, { size, first }: AxisKernel): VoxelArray {
  const result = newVoxels(data, outer * size * inner);
  for (let o = 0; o < outer; o++) {
    const base = o * length;
    for (let i = 0, to = o * size * inner; i < size; i++, to += inner) {
      const from = (base + first[i]!) * inner;
      if (inner === 1) result[to] = data[from]!;
      else for (let k = 0; k < inner; k++) result[to + k] = data[from + k]!;
    }
  }
  return result;
}

/** The innermost axis: the two inputs of an output lie together. */
function linearRows(
  data: VoxelArray,
  result: Float32Array,
  [outer, length]: readonly [number, number],
  { size, first, weights }: AxisKernel,
): void {
  if (length === 1) {
    for (let o = 0; o < outer; o++) result.fill(data[o]!, o * size, (o + 1) * size);
    return;
  }
  for (let o = 0, out = 0; o < outer; o++) {
    const base = o * length;
    for (let i = 0; i < size; i++) {
      const at = base + first[i]!;
      result[out++] = weights[2 * i]! * data[at]! + weights[2 * i + 1]! * data[at + 1]!;
    }
  }
}

/** An outer axis: whole rows of `inner` values are mixed. */
function linearColumns(
  data: VoxelArray,
  result: Float32Array,
  [outer, length, inner]: AxisSizes,
  { size, first, weights }: AxisKernel,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < size; i++) {
      const from = (o * length + first[i]!) * inner;
      const to = (o * size + i) * inner;
      const w0 = weights[2 * i]!;
      const w1 = weights[2 * i + 1]!;
      if (w1 === 0) {
        for (let k = 0; k < inner; k++) result[to + k] = data[from + k]!;
      } else {
        for (let k = 0; k < inner; k++) result[to + k] = w0 * data[from + k]! + w1 * data[from + inner + k]!;
      }
    }
  }
}

/** Prefilter and evaluation of some columns at a time, in double precision. */
function cubic(data: VoxelArray, result: Float32Array, [outer, length, inner]: AxisSizes, kernel: AxisKernel): void {
  const { size, first, weights } = kernel;
  const rowCount = coefficientRows(length);
  // For the innermost axis the columns are different rows of the array, taken across.
  const across = inner === 1;
  const total = across ? outer : inner;
  const width = Math.max(1, Math.min(total, Math.floor(BLOCK_NUMBERS / rowCount)));
  const block = new Float64Array(rowCount * width);
  const [columnStep, rowStep, outStep] = across ? [length, 1, size] : [1, inner, 1];
  const outRowStep = across ? 1 : inner;
  for (let o = 0; o < (across ? 1 : outer); o++) {
    for (let start = 0; start < total; start += width) {
      const count = Math.min(width, total - start);
      const input = o * length * inner + start * columnStep;
      for (let r = 0; r < rowCount; r++) {
        const row = input + Math.min(length - 1, Math.max(0, r - CUBIC_MARGIN)) * rowStep;
        for (let c = 0; c < count; c++) block[r * count + c] = data[row + c * columnStep]!;
      }
      splineCoefficients(block, rowCount, count);
      const output = o * size * inner + start * outStep;
      for (let i = 0; i < size; i++) {
        const w0 = weights[4 * i]!;
        const w1 = weights[4 * i + 1]!;
        const w2 = weights[4 * i + 2]!;
        const w3 = weights[4 * i + 3]!;
        const at0 = first[i]! * count;
        const at1 = at0 + count;
        const at2 = at1 + count;
        const at3 = at2 + count;
        const row = output + i * outRowStep;
        for (let c = 0; c < count; c++) {
          result[row + c * outStep] =
            w0 * block[at0 + c]! + w1 * block[at1 + c]! + w2 * block[at2 + c]! + w3 * block[at3 + c]!;
        }
      }
    }
  }
}
