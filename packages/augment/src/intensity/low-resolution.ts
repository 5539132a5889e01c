import { SegError, type Triple, voxelCount } from '@seg/core';
import { bsplineWeights, prefilterLine } from '../spatial/cubic-spline.ts';

/** Edge voxels repeated on either side of a line before its spline: the pole's 12th power is 1e-7. */
const PADDING = 12;

/**
 * Makes one channel [D, H, W] look as if it had been taken at a lower resolution, in place: down by the nearest voxel,
 * up by a cubic B-spline, clipped to the range of the small image.
 *
 * @param zoom in (0, 1]: size of the small image over that of the channel; one number, or one an axis (z, y, x).
 */
export function simulateLowResolution(channel: Float32Array, shape: Triple, zoom: number | Triple): Float32Array {
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

/** [blocks, n, inner] to [blocks, size, inner], with half-voxel-centred coordinates and edges continued. */
function upsampleAxis(input: Float32Array, blocks: number, n: number, inner: number, size: number): Float32Array {
  if (n === size) return input;
  const first = new Int32Array(size);
  const weights = new Float64Array(4 * size);
  for (let i = 0; i < size; i++) {
    const position = ((i + 0.5) * n) / size - 0.5 + PADDING;
    const floor = Math.floor(position);
    first[i] = floor - 1;
    bsplineWeights(position - floor, weights, 4 * i);
  }
  const line = new Float64Array(n + 2 * PADDING);
  const output = new Float32Array(blocks * size * inner);
  for (let block = 0; block < blocks; block++) {
    for (let j = 0; j < inner; j++) {
      const from = block * n * inner + j;
      for (let k = 0; k < line.length; k++) {
        line[k] = input[from + Math.min(n - 1, Math.max(0, k - PADDING)) * inner]!;
      }
      prefilterLine(line, line.length);
      const to = block * size * inner + j;
      for (let i = 0; i < size; i++) {
        const f = first[i]!;
        output[to + i * inner] =
          weights[4 * i]! * line[f]! +
          weights[4 * i + 1]! * line[f + 1]! +
          weights[4 * i + 2]! * line[f + 2]! +
          weights[4 * i + 3]! * line[f + 3]!;
      }
    }
  }
  return output;
}

/** Nearest integer, halves to the even one, as NumPy rounds. */
function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
