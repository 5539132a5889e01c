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

/** Determinant of the affine's 3x3 part: the volume of a voxel in mm^3 also where axes are not at right angles, negative for left-handed axes. */
export function determinantOfAffine([a, b, c, , d, e, f, , g, h, i]: Affine): number {
  return a! * (e! * i! - f! * h!) - b! * (d! * i! - f! * g!) + c! * (d! * h! - e! * g!);
}

/**
 * How far an affine's axes are from right angles: the largest sine of the angle by which two of them miss 90 degrees, 0
 * for right angles, 1 for two axes along one line. The slices of a CT with a tilted gantry are sheared by the tilt.
 */
export function shearOfAffine(affine: Affine): number {
  const column = (j: number) => [affine[j]!, affine[4 + j]!, affine[8 + j]!] as const;
  const cosine = (p: number, q: number) => {
    const [a, b] = [column(p), column(q)];
    return Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (Math.hypot(...a) * Math.hypot(...b));
  };
  return Math.max(cosine(0, 1), cosine(0, 2), cosine(1, 2));
}

/** Shear up to this is rounding in a header: a distance changes by less than 0.05 %. */
export const RIGHT_ANGLES = 1e-3;

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
