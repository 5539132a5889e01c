import type { Triple } from '@seg/core';
import { bsplineWeights } from './cubic-spline.ts';
import { clamp, isInside } from './inside.ts';

/** Samples cubic B-spline coefficients of one channel at coordinates [z | y | x]. */
export function sampleCubic(
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
