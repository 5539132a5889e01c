import type { Triple } from '@seg/core';
import { bsplineWeights, SPLINE_POLE } from './cubic-spline.ts';
import { clamp, isInside } from './inside.ts';

/**
 * Samples cubic B-spline coefficients of one channel at coordinates [z | y | x]. For border `edge` the coefficients
 * must be of the continuation `edge`, otherwise of `mirror`.
 */
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
    if (edge) {
      edgeTaps(z, depth, height * width, weights, offsets, 0);
      edgeTaps(y, height, width, weights, offsets, 4);
      edgeTaps(x, width, 1, weights, offsets, 8);
    } else {
      mirrorTaps(clamp(z, maxZ), depth, height * width, weights, offsets, 0);
      mirrorTaps(clamp(y, maxY), height, width, weights, offsets, 4);
      mirrorTaps(clamp(x, maxX), width, 1, weights, offsets, 8);
    }
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

function mirrorTaps(
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

/** Beyond so many voxels from the end the spline is the end's value to float64 precision. */
const FAR = 32;

/**
 * The taps where the samples go on with their end values for ever. The spline does not: just outside it still swings.
 * Its k-th coefficient beyond an end is v + z^k (c - v), with the pole z, the end's coefficient c and its sample
 * v = ((4 + z) c + d) / (5 + z), d the coefficient next to it; so what lies beyond counts as these two.
 */
function edgeTaps(
  position: number,
  size: number,
  stride: number,
  weights: Float64Array,
  offsets: Int32Array,
  at: number,
): void {
  const last = size - 1;
  const near = Math.min(last + FAR, Math.max(-FAR, position));
  const floor = Math.floor(near);
  bsplineWeights(near - floor, weights, at);
  if (floor >= 1 && floor + 2 <= last) {
    for (let k = 0; k < 4; k++) offsets[at + k] = stride * (floor - 1 + k);
    return;
  }
  // At most four coefficients: those of the ends, of which either may be reached, and those next to them.
  const low = Math.max(0, Math.min(last - 3, floor - 1));
  const folded = [0, 0, 0, 0];
  for (let k = 0; k < 4; k++) {
    const index = floor - 1 + k;
    const beyond = index < 0 ? -index : Math.max(0, index - last);
    const end = index < 0 ? 0 : last;
    const weight = weights[at + k]!;
    if (beyond === 0) {
      folded[index - low]! += weight;
    } else if (size === 1) {
      folded[0]! += weight;
    } else {
      const next = index < 0 ? 1 : last - 1;
      const swing = SPLINE_POLE ** beyond;
      const share = (1 - swing) / (5 + SPLINE_POLE);
      folded[end - low]! += weight * (swing + share * (4 + SPLINE_POLE));
      folded[next - low]! += weight * share;
    }
  }
  for (let k = 0; k < 4; k++) {
    weights[at + k] = folded[k]!;
    offsets[at + k] = stride * Math.min(last, low + k);
  }
}
