import { SegError, type Triple, voxelCount } from '@seg/core';

/** As SciPy's `gaussian_filter`: the kernel ends at four standard deviations. */
const TRUNCATE = 4;

/**
 * Gaussian blur of one channel [D, H, W], in place; the image is reflected at its faces (SciPy's mode `reflect`).
 *
 * @param sigmaVoxels standard deviation in voxels; one number, or one an axis (z, y, x). 0 leaves an axis as it is.
 */
export function gaussianBlur(channel: Float32Array, shape: Triple, sigmaVoxels: number | Triple): Float32Array {
  const sigmas = typeof sigmaVoxels === 'number' ? [sigmaVoxels, sigmaVoxels, sigmaVoxels] : sigmaVoxels;
  if (channel.length !== voxelCount(shape) || !sigmas.every((s) => s >= 0 && Number.isFinite(s))) {
    throw new SegError('invalid-argument', {
      where: 'gaussianBlur',
      problem: 'needs one channel that fills the shape and standard deviations of at least 0',
      got: { length: channel.length, shape, sigmaVoxels },
    });
  }
  const [depth, height, width] = shape;
  if (width > 1 && sigmas[2]! > 0) blurRows(channel, depth * height, width, kernel(sigmas[2]!));
  if (height > 1 && sigmas[1]! > 0) {
    const plane = height * width;
    for (let z = 0; z < depth; z++) {
      blurColumns(channel.subarray(z * plane, (z + 1) * plane), height, width, kernel(sigmas[1]!));
    }
  }
  if (depth > 1 && sigmas[0]! > 0) blurColumns(channel, depth, height * width, kernel(sigmas[0]!));
  return channel;
}

/** One half of the normalised kernel, from the centre outwards. */
function kernel(sigma: number): Float64Array {
  const radius = Math.floor(TRUNCATE * sigma + 0.5);
  const half = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp((-0.5 * i * i) / (sigma * sigma)));
  const sum = 2 * half.reduce((a, b) => a + b, 0) - half[0]!;
  return half.map((value) => value / sum);
}

function blurRows(data: Float32Array, rows: number, width: number, half: Float64Array): void {
  const radius = half.length - 1;
  const padded = new Float64Array(width + 2 * radius);
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    for (let i = -radius; i < width + radius; i++) padded[i + radius] = data[start + reflect(i, width)]!;
    for (let x = 0; x < width; x++) {
      let sum = half[0]! * padded[x + radius]!;
      for (let k = 1; k <= radius; k++) sum += half[k]! * (padded[x + radius - k]! + padded[x + radius + k]!);
      data[start + x] = sum;
    }
  }
}

/** Blurs [n, inner] along n, whole rows of `inner` at a time. */
function blurColumns(data: Float32Array, n: number, inner: number, half: Float64Array): void {
  const radius = half.length - 1;
  const source = data.slice();
  for (let i = 0; i < n; i++) {
    const to = i * inner;
    const centre = half[0]!;
    for (let j = 0; j < inner; j++) data[to + j] = centre * source[to + j]!;
    for (let k = 1; k <= radius; k++) {
      const weight = half[k]!;
      const before = reflect(i - k, n) * inner;
      const after = reflect(i + k, n) * inner;
      for (let j = 0; j < inner; j++) data[to + j]! += weight * (source[before + j]! + source[after + j]!);
    }
  }
}

/** Index of the half-sample reflection ... b a | a b c | c b ... */
function reflect(index: number, size: number): number {
  const period = 2 * size;
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - 1 - wrapped;
}
