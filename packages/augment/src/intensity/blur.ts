import { SegError, type Triple, voxelCount } from '@seg/core';

/** As SciPy's `gaussian_filter`: the kernel ends at four standard deviations. */
const TRUNCATE = 4;

/** Kernels of at most this radius (sigma up to 1.1) get it, with zeros at their ends, and loops without inner loops. */
const UNROLLED = 4;

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
  const half = new Float64Array(Math.max(radius, UNROLLED) + 1);
  for (let i = 0; i <= radius; i++) half[i] = Math.exp((-0.5 * i * i) / (sigma * sigma));
  const sum = 2 * half.reduce((a, b) => a + b, 0) - half[0]!;
  return half.map((value) => value / sum);
}

function blurRows(data: Float32Array, rows: number, width: number, half: Float64Array): void {
  const radius = half.length - 1;
  const padded = new Float64Array(width + 2 * radius);
  const [h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0] = half;
  const places = Int32Array.from({ length: padded.length }, (_, i) => reflect(i - radius, width));
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    for (let i = 0; i < padded.length; i++) padded[i] = data[start + places[i]!]!;
    for (let x = 0; x < width; x++) {
      const at = x + radius;
      let sum = h0 * padded[at]!;
      if (radius === UNROLLED) {
        sum += h1 * (padded[at - 1]! + padded[at + 1]!) + h2 * (padded[at - 2]! + padded[at + 2]!);
        sum += h3 * (padded[at - 3]! + padded[at + 3]!) + h4 * (padded[at - 4]! + padded[at + 4]!);
      } else for (let k = 1; k <= radius; k++) sum += half[k]! * (padded[at - k]! + padded[at + k]!);
      data[start + x] = sum;
    }
  }
}

/** Blurs [n, inner] along n, whole rows of `inner` at a time. */
function blurColumns(data: Float32Array, n: number, inner: number, half: Float64Array): void {
  const radius = half.length - 1;
  const source = data.slice();
  const [h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0] = half;
  const row = (i: number) => reflect(i, n) * inner;
  for (let i = 0; i < n; i++) {
    const to = i * inner;
    if (radius === UNROLLED) {
      const [a1, a2, a3, a4] = [row(i - 1), row(i - 2), row(i - 3), row(i - 4)];
      const [b1, b2, b3, b4] = [row(i + 1), row(i + 2), row(i + 3), row(i + 4)];
      for (let j = 0; j < inner; j++) {
        data[to + j] =
          h0 * source[to + j]! +
          h1 * (source[a1 + j]! + source[b1 + j]!) +
          h2 * (source[a2 + j]! + source[b2 + j]!) +
          h3 * (source[a3 + j]! + source[b3 + j]!) +
          h4 * (source[a4 + j]! + source[b4 + j]!);
      }
      continue;
    }
    for (let j = 0; j < inner; j++) data[to + j] = h0 * source[to + j]!;
    for (let k = 1; k <= radius; k++) {
      const weight = half[k]!;
      const [before, after] = [row(i - k), row(i + k)];
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
