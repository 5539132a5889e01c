import type { Affine, Triple, Volume, VoxelArray } from '@seg/core';
import { CUBIC_MARGIN, cubicWeights, type Interpolation } from './axis-kernel.ts';
import { newVoxels } from './new-voxels.ts';
import { coefficientRows, splineCoefficients } from './spline-prefilter.ts';

/**
 * Samples a volume at `matrix` * (x, y, z) for every voxel of a grid of this shape.
 *
 * @param matrix maps the grid's voxel indices (x, y, z) to the volume's.
 */
export function sampleAffine(
  volume: Volume,
  matrix: Affine,
  shape: Triple,
  { interpolation, outside }: { readonly interpolation: Interpolation; readonly outside: number },
): VoxelArray {
  const count = volume.channels * shape[0] * shape[1] * shape[2];
  const result = interpolation === 'nearest' ? newVoxels(volume.data, count) : new Float32Array(count);
  const [depth, height, width] = volume.shape;
  const voxels = depth * height * width;
  const [a, b, c, tx, d, e, f, ty, g, h, i, tz] = matrix as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let channel = 0, out = 0; channel < volume.channels; channel++) {
    const sample = sampler(volume.data.subarray(channel * voxels, (channel + 1) * voxels), volume.shape, interpolation);
    for (let z = 0; z < shape[0]; z++) {
      for (let y = 0; y < shape[1]; y++) {
        for (let x = 0; x < shape[2]; x++, out++) {
          const px = a * x + b * y + c * z + tx;
          const py = d * x + e * y + f * z + ty;
          const pz = g * x + h * y + i * z + tz;
          const inside =
            px >= -0.5 && py >= -0.5 && pz >= -0.5 && px <= width - 0.5 && py <= height - 0.5 && pz <= depth - 0.5;
          result[out] = inside ? sample(pz, py, px) : outside;
        }
      }
    }
  }
  return result;
}

type Sampler = (z: number, y: number, x: number) => number;

function sampler(data: VoxelArray, shape: Triple, interpolation: Interpolation): Sampler {
  if (interpolation === 'nearest') return nearestSampler(data, shape);
  return interpolation === 'linear' ? linearSampler(data, shape) : cubicSampler(data, shape);
}

function nearestSampler(data: VoxelArray, [depth, height, width]: Triple): Sampler {
  const index = (position: number, size: number) => Math.min(size - 1, Math.max(0, Math.floor(position + 0.5)));
  return (z, y, x) => data[(index(z, depth) * height + index(y, height)) * width + index(x, width)]!;
}

function linearSampler(data: VoxelArray, [depth, height, width]: Triple): Sampler {
  return (z, y, x) => {
    const cz = Math.min(depth - 1, Math.max(0, z));
    const cy = Math.min(height - 1, Math.max(0, y));
    const cx = Math.min(width - 1, Math.max(0, x));
    const [z0, y0, x0] = [Math.floor(cz), Math.floor(cy), Math.floor(cx)];
    const [fz, fy, fx] = [cz - z0, cy - y0, cx - x0];
    const stepX = x0 + 1 < width ? 1 : 0;
    const stepY = y0 + 1 < height ? width : 0;
    const stepZ = z0 + 1 < depth ? width * height : 0;
    const at = (z0 * height + y0) * width + x0;
    const row = (k: number) => data[k]! + fx * (data[k + stepX]! - data[k]!);
    const plane = (k: number) => row(k) + fy * (row(k + stepY) - row(k));
    return plane(at) + fz * (plane(at + stepZ) - plane(at));
  };
}

function cubicSampler(data: VoxelArray, shape: Triple): Sampler {
  const { coefficients, width, plane } = coefficientVolume(data, shape);
  const weights = new Float64Array(12);
  return (z, y, x) => {
    const [z0, y0, x0] = [Math.floor(z), Math.floor(y), Math.floor(x)];
    cubicWeights(z - z0, weights, 0);
    cubicWeights(y - y0, weights, 4);
    cubicWeights(x - x0, weights, 8);
    const corner = (z0 - 1 + CUBIC_MARGIN) * plane + (y0 - 1 + CUBIC_MARGIN) * width + x0 - 1 + CUBIC_MARGIN;
    let sum = 0;
    for (let k = 0; k < 4; k++) {
      for (let j = 0; j < 4; j++) {
        const at = corner + k * plane + j * width;
        const row =
          weights[8]! * coefficients[at]! +
          weights[9]! * coefficients[at + 1]! +
          weights[10]! * coefficients[at + 2]! +
          weights[11]! * coefficients[at + 3]!;
        sum += weights[k]! * weights[4 + j]! * row;
      }
    }
    return sum;
  };
}

/** Coefficients of the tensor-product spline, with margins of end values around the volume. */
function coefficientVolume(data: VoxelArray, [depth, height, width]: Triple) {
  const sizes = [coefficientRows(depth), coefficientRows(height), coefficientRows(width)] as const;
  const plane = sizes[1] * sizes[2];
  const coefficients = new Float64Array(sizes[0] * plane);
  const clamp = (i: number, size: number) => Math.min(size - 1, Math.max(0, i - CUBIC_MARGIN));
  for (let z = 0, out = 0; z < sizes[0]; z++) {
    for (let y = 0; y < sizes[1]; y++) {
      const row = (clamp(z, depth) * height + clamp(y, height)) * width;
      for (let x = 0; x < sizes[2]; x++) coefficients[out++] = data[row + clamp(x, width)]!;
    }
  }
  splineCoefficients(coefficients, sizes[0], plane);
  for (let z = 0; z < sizes[0]; z++) {
    splineCoefficients(coefficients.subarray(z * plane, (z + 1) * plane), sizes[1], sizes[2]);
  }
  for (let row = 0; row < coefficients.length; row += sizes[2]) {
    splineCoefficients(coefficients.subarray(row, row + sizes[2]), sizes[2], 1);
  }
  return { coefficients, width: sizes[2], plane };
}
