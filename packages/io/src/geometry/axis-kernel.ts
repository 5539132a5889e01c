/** How to interpolate between voxels: the nearest voxel, linearly, or by a cubic B-spline through the voxels. */
export type Interpolation = 'nearest' | 'linear' | 'cubic';

export const INTERPOLATIONS: readonly Interpolation[] = ['nearest', 'linear', 'cubic'];

/** One axis of a separable resampling: each output is a weighted sum of `taps` neighbouring inputs. */
export interface AxisKernel {
  readonly taps: 1 | 2 | 4;
  /** Number of outputs. */
  readonly size: number;
  /** First input of each output; for `cubic` counted in coefficients, which start `CUBIC_MARGIN` before the voxels. */
  readonly first: Int32Array;
  /** `taps` weights an output. */
  readonly weights: Float64Array;
}

/** Coefficients that a cubic kernel needs beyond each end of the voxels. */
export const CUBIC_MARGIN = 2;

/**
 * Positions of the outputs on the input axis when a grid of `length` voxels is divided into `size` new ones that cover
 * the same extent (SciPy's `zoom` with `grid_mode`, scikit-image's `resize`).
 */
export function gridPositions(length: number, size: number): Float64Array {
  const scale = length / size;
  return Float64Array.from({ length: size }, (_, i) => (i + 0.5) * scale - 0.5);
}

/**
 * The kernel that samples an axis at the given positions (in voxels, 0 is the first voxel's centre); beyond the ends
 * the axis goes on with its end values, as in SciPy's mode `nearest`.
 */
export function axisKernel(interpolation: Interpolation, positions: Float64Array, length: number): AxisKernel {
  const size = positions.length;
  const taps = interpolation === 'nearest' ? 1 : interpolation === 'linear' ? 2 : 4;
  const first = new Int32Array(size);
  const weights = new Float64Array(size * taps);
  const last = length - 1;
  for (let i = 0; i < size; i++) {
    const position = positions[i]!;
    if (interpolation === 'nearest') {
      first[i] = Math.floor(Math.min(last, Math.max(0, position)) + 0.5);
      weights[i] = 1;
    } else if (interpolation === 'linear') {
      const clamped = Math.min(last, Math.max(0, position));
      const start = Math.max(0, Math.min(length - 2, Math.floor(clamped)));
      first[i] = start;
      weights[2 * i] = 1 - (clamped - start);
      weights[2 * i + 1] = clamped - start;
    } else {
      // The extension is constant beyond the margin, so clamping there changes nothing that can be seen.
      const clamped = Math.min(last + 0.5, Math.max(-0.5, position));
      const start = Math.floor(clamped);
      first[i] = start - 1 + CUBIC_MARGIN;
      cubicWeights(clamped - start, weights, 4 * i);
    }
  }
  return { taps, size, first, weights };
}

/** Weights of the four cubic B-splines around a place `t` in [0, 1) behind the second of them. */
export function cubicWeights(t: number, target: Float64Array, offset: number): void {
  const u = 1 - t;
  target[offset] = (u * u * u) / 6;
  target[offset + 1] = (4 + 3 * t * t * (t - 2)) / 6;
  target[offset + 2] = (4 + 3 * u * u * (u - 2)) / 6;
  target[offset + 3] = (t * t * t) / 6;
}
