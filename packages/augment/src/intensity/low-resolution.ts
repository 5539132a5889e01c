import { checkOption, SegError, type Triple, voxelCount } from '@seg/core';
import { bsplineWeights, SPLINE_POLE } from '../spatial/cubic-spline.ts';

/** Coefficients needed beyond either end of a line: samples lie at most half a voxel outside. */
const MARGIN = 2;

/**
 * Makes one channel [D, H, W] look as if it had been taken at a lower resolution, in place: down by the nearest voxel,
 * up by a cubic B-spline, clipped to the range of the small image.
 *
 * @param zoom in (0, 1]: size of the small image over that of the channel; one number, or one an axis (z, y, x).
 * @param options.upsampling `cubic` (default), or `linear` between the centres of the small image's voxels.
 */
export function simulateLowResolution(
  channel: Float32Array,
  shape: Triple,
  zoom: number | Triple,
  options: { readonly upsampling?: 'cubic' | 'linear' } = {},
): Float32Array {
  const upsampling = checkOption('simulateLowResolution', 'upsampling', options.upsampling ?? 'cubic', [
    'cubic',
    'linear',
  ]);
  const upsampleAxis = upsampling === 'linear' ? linearAxis : cubicAxis;
  const zooms = typeof zoom === 'number' ? ([zoom, zoom, zoom] as const) : zoom;
  if (channel.length !== voxelCount(shape) || !zooms.every((z) => z > 0 && z <= 1)) {
    throw new SegError('invalid-argument', {
      where: 'simulateLowResolution',
      problem: 'needs one channel that fills the shape and zooms in (0, 1]',
      got: { length: channel.length, shape, zoom },
    });
  }
  const small = shape.map((n, i) => Math.max(1, rint(n * zooms[i]!))) as unknown as Triple;
  const low = nearestDown(channel, shape, small);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of low) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const alongX = upsampleAxis(low, small[0] * small[1], small[2], 1, shape[2]);
  const alongY = upsampleAxis(alongX, small[0], small[1], shape[2], shape[1]);
  const result = upsampleAxis(alongY, 1, small[0], shape[1] * shape[2], shape[0]);
  for (let i = 0; i < channel.length; i++) channel[i] = Math.min(max, Math.max(min, result[i]!));
  return channel;
}

function nearestDown(channel: Float32Array, shape: Triple, small: Triple): Float32Array {
  const [iz, iy, ix] = small.map((n, axis) =>
    Int32Array.from({ length: n }, (_, i) => Math.min(shape[axis]! - 1, Math.floor(((i + 0.5) * shape[axis]!) / n))),
  ) as [Int32Array, Int32Array, Int32Array];
  const output = new Float32Array(voxelCount(small));
  let to = 0;
  for (const z of iz) {
    for (const y of iy) {
      const row = (z * shape[1] + y) * shape[2];
      for (const x of ix) output[to++] = channel[row + x]!;
    }
  }
  return output;
}

/**
 * [blocks, n, inner] to [blocks, size, inner] by a cubic B-spline, with half-voxel-centred coordinates and the edges
 * continued for ever.
 */
function cubicAxis(input: Float32Array, blocks: number, n: number, inner: number, size: number): Float32Array {
  if (n === size) return input;
  const first = new Int32Array(size);
  const weights = new Float64Array(4 * size);
  for (let i = 0; i < size; i++) {
    const position = ((i + 0.5) * n) / size - 0.5;
    const floor = Math.floor(position);
    first[i] = (floor - 1 + MARGIN) * inner;
    bsplineWeights(position - floor, weights, 4 * i);
  }
  const coefficients = new Float64Array((n + 2 * MARGIN) * inner);
  const output = new Float32Array(blocks * size * inner);
  for (let block = 0; block < blocks; block++) {
    filterRows(input.subarray(block * n * inner, (block + 1) * n * inner), n, inner, coefficients);
    for (let i = 0; i < size; i++) {
      const to = (block * size + i) * inner;
      const a = first[i]!;
      const [b, c, d] = [a + inner, a + 2 * inner, a + 3 * inner];
      const [wa, wb, wc, wd] = weights.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
      for (let j = 0; j < inner; j++) {
        output[to + j] =
          wa * coefficients[a + j]! + wb * coefficients[b + j]! + wc * coefficients[c + j]! + wd * coefficients[d + j]!;
      }
    }
  }
  return output;
}

/** As `cubicAxis`, linearly between the two nearest samples. */
function linearAxis(input: Float32Array, blocks: number, n: number, inner: number, size: number): Float32Array {
  if (n === size) return input;
  const output = new Float32Array(blocks * size * inner);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < size; i++) {
      const position = Math.min(n - 1, Math.max(0, ((i + 0.5) * n) / size - 0.5));
      const floor = Math.floor(position);
      const weight = position - floor;
      const a = (block * n + floor) * inner;
      const b = (block * n + Math.min(n - 1, floor + 1)) * inner;
      const to = (block * size + i) * inner;
      for (let j = 0; j < inner; j++) output[to + j] = input[a + j]! * (1 - weight) + input[b + j]! * weight;
    }
  }
  return output;
}

/**
 * Spline coefficients of [n, inner] along n, with MARGIN further rows on either side. Beyond the edges the samples are
 * constant, so both recursions start from their closed forms there.
 */
function filterRows(samples: Float32Array, n: number, inner: number, out: Float64Array): void {
  const rows = n + 2 * MARGIN;
  const steady = 6 / (1 - SPLINE_POLE);
  for (let j = 0; j < inner; j++) out[j] = steady * samples[j]!;
  for (let r = 1; r < rows; r++) {
    const from = Math.min(n - 1, Math.max(0, r - MARGIN)) * inner;
    const to = r * inner;
    for (let j = 0; j < inner; j++) out[to + j] = 6 * samples[from + j]! + SPLINE_POLE * out[to - inner + j]!;
  }
  const last = (rows - 1) * inner;
  for (let j = 0; j < inner; j++) {
    const limit = steady * samples[(n - 1) * inner + j]!;
    const transient = (out[last + j]! - limit) / (1 - SPLINE_POLE * SPLINE_POLE);
    out[last + j] = -SPLINE_POLE * (limit / (1 - SPLINE_POLE) + transient);
  }
  for (let r = rows - 2; r >= 0; r--) {
    const at = r * inner;
    for (let j = 0; j < inner; j++) out[at + j] = SPLINE_POLE * (out[at + inner + j]! - out[at + j]!);
  }
}

/** Nearest integer, halves to the even one, as NumPy rounds. */
function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
