import { groupSize } from '../program.ts';

/**
 * How a workgroup's invocations are laid out over a matrix: so many columns of four, the rest of them
 * rows of four.
 * The layout that computes the fewest numbers beyond the matrix, and of equal ones the squarest.
 */
export function tileColumns(rows: number, columns: number): number {
  const waste = (wide: number) => {
    const tall = (groupSize / wide) * 4;
    return Math.ceil(rows / tall) * tall * Math.ceil(columns / (4 * wide)) * 4 * wide;
  };
  return [8, 4, 2, 1].reduce((best, wide) => (waste(wide) < waste(best) ? wide : best));
}

/**
 * WGSL: n / d for 0 <= n < 2^30 and 0 < d. A device divides floats several times faster than integers; the estimate is
 * off by one at most as long as the quotient is below 2^22.
 */
export const quotient = `
fn quotient(n : i32, d : i32) -> i32 {
  let estimate = i32(f32(n) / f32(d));
  let rest = n - estimate * d;
  return estimate + select(0, 1, rest >= d) - select(0, 1, rest < 0);
}`;
