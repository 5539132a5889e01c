import { SegError } from './errors.ts';

/** Three numbers in the axis order that the name of the argument says. */
export type Triple = readonly [number, number, number];

/**
 * 4x4 matrix, row-major, 16 numbers: maps a voxel index (x, y, z, 1), x fastest in memory, to world coordinates in mm,
 * RAS+ (x to the right, y to the front, z to the head), as in NIfTI.
 */
export type Affine = readonly number[];

/** The affine of an axis-aligned grid with this spacing (z, y, x order, mm) and origin at the first voxel. */
export function affineFromSpacing(spacingMm: Triple, originMm: Triple = [0, 0, 0]): Affine {
  const [sz, sy, sx] = spacingMm;
  const [oz, oy, ox] = originMm;
  return [sx, 0, 0, ox, 0, sy, 0, oy, 0, 0, sz, oz, 0, 0, 0, 1];
}

/** Lengths of the affine's columns: the spacing in mm, in (z, y, x) order. */
export function spacingOfAffine(affine: Affine): Triple {
  const column = (j: number) => Math.hypot(affine[j]!, affine[4 + j]!, affine[8 + j]!);
  return [column(2), column(1), column(0)];
}

/** Matrix product a * b of two 4x4 matrices. */
export function multiplyAffine(a: Affine, b: Affine): Affine {
  const result: number[] = [];
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += a[4 * i + k]! * b[4 * k + j]!;
      result.push(sum);
    }
  }
  return result;
}

/** Inverse of an affine; throws `invalid-argument` when it is singular. */
export function invertAffine(affine: Affine): Affine {
  const [a, b, c, tx, d, e, f, ty, g, h, i, tz] = affine as unknown as number[];
  const A = e! * i! - f! * h!;
  const B = f! * g! - d! * i!;
  const C = d! * h! - e! * g!;
  const determinant = a! * A + b! * B + c! * C;
  if (!(Math.abs(determinant) > 0) || !Number.isFinite(determinant)) {
    throw new SegError('invalid-argument', {
      where: 'invertAffine',
      problem: 'the affine is singular',
      got: affine,
      hint: 'Two axes point the same way or a spacing is 0; repair the header.',
    });
  }
  const m = [
    A,
    c! * h! - b! * i!,
    b! * f! - c! * e!,
    B,
    a! * i! - c! * g!,
    c! * d! - a! * f!,
    C,
    b! * g! - a! * h!,
    a! * e! - b! * d!,
  ].map((v) => v / determinant);
  const t = [0, 1, 2].map((r) => -(m[3 * r]! * tx! + m[3 * r + 1]! * ty! + m[3 * r + 2]! * tz!));
  return [m[0]!, m[1]!, m[2]!, t[0]!, m[3]!, m[4]!, m[5]!, t[1]!, m[6]!, m[7]!, m[8]!, t[2]!, 0, 0, 0, 1];
}

/** Applies an affine to a point given as (x, y, z). */
export function transformPoint(affine: Affine, [x, y, z]: Triple): Triple {
  const row = (r: number) => affine[4 * r]! * x + affine[4 * r + 1]! * y + affine[4 * r + 2]! * z + affine[4 * r + 3]!;
  return [row(0), row(1), row(2)];
}
