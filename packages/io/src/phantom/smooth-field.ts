import type { Rng, Triple } from '@seg/core';

/**
 * A smooth random field over a grid: standard-normal values at `knots` control points per axis, joined by uniform cubic
 * B-splines and scaled to standard deviation `amplitude`.
 *
 * @param shape grid (z, y, x).
 * @param knots control intervals per axis (z, y, x), at least 1: fewer are smoother.
 * @returns depth * height * width values, x fastest.
 */
export function smoothField(rng: Rng, shape: Triple, knots: Triple, amplitude: number): Float32Array {
  const coarse: Triple = [knots[0] + 3, knots[1] + 3, knots[2] + 3];
  let values: Float32Array = rng.fillNormal(new Float32Array(coarse[0] * coarse[1] * coarse[2]));
  const current: [number, number, number] = [...coarse];
  // Spreading x last keeps the two cheaper passes on the coarse axes.
  for (let axis = 0; axis < 3; axis++) {
    values = spreadAxis(values, current, axis, shape[axis]!);
    current[axis] = shape[axis]!;
  }
  return scaleTo(values, amplitude);
}

/** Evaluates the cubic B-spline along one axis of a (z, y, x) grid at `size` places. */
function spreadAxis(source: Float32Array, shape: Triple, axis: number, size: number): Float32Array {
  const length = shape[axis]!;
  const inner = axis === 2 ? 1 : axis === 1 ? shape[2] : shape[1] * shape[2];
  const outer = source.length / (inner * length);
  const result = new Float32Array(outer * size * inner);
  for (let i = 0; i < size; i++) {
    const position = ((i + 0.5) / size) * (length - 3);
    const knot = Math.min(length - 4, Math.floor(position));
    const t = position - knot;
    const w0 = (1 - t) ** 3 / 6;
    const w1 = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    const w3 = t ** 3 / 6;
    const w2 = 1 - w0 - w1 - w3;
    for (let o = 0; o < outer; o++) {
      const from = (o * length + knot) * inner;
      const to = (o * size + i) * inner;
      for (let k = 0; k < inner; k++) {
        result[to + k] =
          w0 * source[from + k]! +
          w1 * source[from + inner + k]! +
          w2 * source[from + 2 * inner + k]! +
          w3 * source[from + 3 * inner + k]!;
      }
    }
  }
  return result;
}

/** Cubic B-splines shrink the variance of their coefficients by this factor on average (integral of the squared kernel). */
const SPLINE_POWER = 151 / 315;

function scaleTo(values: Float32Array, amplitude: number): Float32Array {
  const factor = amplitude / SPLINE_POWER ** 1.5;
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
  return values;
}
