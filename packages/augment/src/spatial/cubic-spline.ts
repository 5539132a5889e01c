import { type Triple, voxelCount } from '@seg/core';

/** Pole of the cubic B-spline prefilter. */
export const SPLINE_POLE = Math.sqrt(3) - 2;

/** The four cubic B-spline weights at a fraction in [0, 1): of the points at -1, 0, 1 and 2. */
export function bsplineWeights(fraction: number, out: Float64Array, offset = 0): void {
  const t = fraction;
  const u = 1 - t;
  out[offset] = (u * u * u) / 6;
  out[offset + 1] = 2 / 3 - t * t + (t * t * t) / 2;
  out[offset + 2] = 2 / 3 - u * u + (u * u * u) / 2;
  out[offset + 3] = (t * t * t) / 6;
}

/**
 * Turns the first n samples of a line into cubic B-spline coefficients, in place, the line mirrored at its ends
 * (Unser 1999, "Splines: a perfect fit for signal and image processing", box 2).
 */
function prefilterLine(line: Float64Array, n: number): void {
  if (n < 2) return;
  let power = SPLINE_POLE;
  let sum = line[0]! + SPLINE_POLE ** (n - 1) * line[n - 1]!;
  for (let k = 1; k < n - 1; k++) {
    // Beyond 40 terms the pole's powers are below float64 precision.
    const reflected = 2 * n - 2 - k;
    sum += (power + (reflected < 60 ? SPLINE_POLE ** reflected : 0)) * line[k]!;
    power *= SPLINE_POLE;
    if (k > 60) break;
  }
  line[0] = (6 * sum) / (1 - SPLINE_POLE ** (2 * n - 2));
  for (let k = 1; k < n; k++) line[k] = 6 * line[k]! + SPLINE_POLE * line[k - 1]!;
  line[n - 1] = (SPLINE_POLE / (SPLINE_POLE * SPLINE_POLE - 1)) * (line[n - 1]! + SPLINE_POLE * line[n - 2]!);
  for (let k = n - 2; k >= 0; k--) line[k] = SPLINE_POLE * (line[k + 1]! - line[k]!);
}

/** Cubic B-spline coefficients of a volume [D, H, W] that is mirrored at its faces; a new array. */
export function splineCoefficients(volume: Float32Array, shape: Triple): Float32Array {
  const output = volume.slice();
  const line = new Float64Array(Math.max(...shape));
  let stride = 1;
  for (let axis = 2; axis >= 0; axis--) {
    const n = shape[axis]!;
    const lines = voxelCount(shape) / n;
    for (let j = 0; j < lines; j++) {
      const start = Math.floor(j / stride) * stride * n + (j % stride);
      for (let k = 0; k < n; k++) line[k] = output[start + k * stride]!;
      prefilterLine(line, n);
      for (let k = 0; k < n; k++) output[start + k * stride] = line[k]!;
    }
    stride *= n;
  }
  return output;
}
