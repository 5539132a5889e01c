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
 * How samples go on beyond the ends of a line, which the spline through them depends on: mirrored about the end samples
 * (SciPy's modes `constant` and `mirror`), or the end samples for ever (mode `nearest`).
 */
export type Continuation = 'mirror' | 'edge';

/**
 * Turns the first n samples of a line into cubic B-spline coefficients, in place (Unser 1999, "Splines: a perfect fit
 * for signal and image processing", box 2).
 */
function prefilterLine(line: Float64Array, n: number, continuation: Continuation): void {
  if (n < 2) return;
  line[0] = 6 * (continuation === 'edge' ? line[0]! / (1 - SPLINE_POLE) : mirroredSum(line, n));
  // The steady state of the causal sums beyond the last sample.
  const limit = (6 * line[n - 1]!) / (1 - SPLINE_POLE);
  for (let k = 1; k < n; k++) line[k] = 6 * line[k]! + SPLINE_POLE * line[k - 1]!;
  const end = line[n - 1]!;
  const squared = SPLINE_POLE * SPLINE_POLE;
  line[n - 1] =
    continuation === 'edge'
      ? -SPLINE_POLE * (limit / (1 - SPLINE_POLE) + (end - limit) / (1 - squared))
      : (SPLINE_POLE / (squared - 1)) * (end + SPLINE_POLE * line[n - 2]!);
  for (let k = n - 2; k >= 0; k--) line[k] = SPLINE_POLE * (line[k + 1]! - line[k]!);
}

/** The sum of the pole's powers times the samples from the first one back, in a line that is mirrored. */
function mirroredSum(line: Float64Array, n: number): number {
  let power = SPLINE_POLE;
  let sum = line[0]! + SPLINE_POLE ** (n - 1) * line[n - 1]!;
  for (let k = 1; k < n - 1; k++) {
    // Beyond 40 terms the pole's powers are below float64 precision.
    const reflected = 2 * n - 2 - k;
    sum += (power + (reflected < 60 ? SPLINE_POLE ** reflected : 0)) * line[k]!;
    power *= SPLINE_POLE;
    if (k > 60) break;
  }
  return sum / (1 - SPLINE_POLE ** (2 * n - 2));
}

/** Cubic B-spline coefficients of a volume [D, H, W]; a new array. */
export function splineCoefficients(volume: Float32Array, shape: Triple, continuation: Continuation): Float32Array {
  const output = volume.slice();
  const line = new Float64Array(Math.max(...shape));
  let stride = 1;
  for (let axis = 2; axis >= 0; axis--) {
    const n = shape[axis]!;
    const lines = voxelCount(shape) / n;
    for (let j = 0; j < lines; j++) {
      const start = Math.floor(j / stride) * stride * n + (j % stride);
      for (let k = 0; k < n; k++) line[k] = output[start + k * stride]!;
      prefilterLine(line, n, continuation);
      for (let k = 0; k < n; k++) output[start + k * stride] = line[k]!;
    }
    stride *= n;
  }
  return output;
}
