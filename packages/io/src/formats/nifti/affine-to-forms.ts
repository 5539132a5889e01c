import { type Affine, SegError } from '@seg/core';
import type { NiftiHeader } from './nifti-header.ts';

type Forms = Pick<
  NiftiHeader,
  'qformCode' | 'sformCode' | 'quaternB' | 'quaternC' | 'quaternD' | 'qoffsetX' | 'qoffsetY' | 'qoffsetZ' | 'srow'
> & { readonly qfac: number; readonly zooms: readonly [number, number, number] };

/** Relative departure from right angles above which no qform is written: float32 headers are good to about 1e-6. */
const shearTolerance = 1e-5;

/**
 * The header fields that say an affine: the sform exactly, the qform by the nearest rotation, with code 0 (unused) where
 * shear keeps a quaternion from saying the same.
 *
 * @throws SegError `invalid-argument` for an affine with an axis of length 0 or an entry that is not finite.
 */
export function affineToForms(where: string, affine: Affine, code: number): Forms {
  const zooms = [0, 1, 2].map((j) => Math.hypot(affine[j]!, affine[4 + j]!, affine[8 + j]!)) as [
    number,
    number,
    number,
  ];
  if (!affine.every(Number.isFinite) || zooms.includes(0)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'the affine is not finite or has an axis of length 0',
      got: affine,
    });
  }
  const directions = [0, 1, 2].map((i) => [0, 1, 2].map((j) => affine[4 * i + j]! / zooms[j]!));
  const qfac = determinant(directions) < 0 ? -1 : 1;
  for (const row of directions) row[2]! *= qfac;
  const rotation = nearestRotation(directions);
  const shear = Math.max(...directions.flatMap((row, i) => row.map((v, j) => Math.abs(v - rotation[i]![j]!))));
  const [, b, c, d] = quaternion(rotation);
  return {
    sformCode: code,
    qformCode: shear < shearTolerance ? code : 0,
    quaternB: b,
    quaternC: c,
    quaternD: d,
    qoffsetX: affine[3]!,
    qoffsetY: affine[7]!,
    qoffsetZ: affine[11]!,
    srow: affine.slice(0, 12),
    qfac,
    zooms,
  };
}

type Matrix = number[][];

function determinant([a, b, c]: Matrix): number {
  const [p, q, r] = cofactorsOfFirstRow([a!, b!, c!]);
  return a![0]! * p! + a![1]! * q! + a![2]! * r!;
}

function cofactorsOfFirstRow([, b, c]: Matrix): number[] {
  return [b![1]! * c![2]! - b![2]! * c![1]!, b![2]! * c![0]! - b![0]! * c![2]!, b![0]! * c![1]! - b![1]! * c![0]!];
}

/** Orthogonal factor of the polar decomposition by Newton's iteration X <- (X + X^-T) / 2. */
function nearestRotation(matrix: Matrix): Matrix {
  let x = matrix;
  for (let iteration = 0; iteration < 60; iteration++) {
    const [a, b, c] = x as [number[], number[], number[]];
    const cofactors = [cofactorsOfFirstRow([a, b, c]), cofactorsOfFirstRow([b, c, a]), cofactorsOfFirstRow([c, a, b])];
    const det = determinant(x);
    if (!(Math.abs(det) > 1e-12)) break;
    const next = x.map((row, i) => row.map((v, j) => (v + cofactors[i]![j]! / det) / 2));
    const change = Math.max(...next.flatMap((row, i) => row.map((v, j) => Math.abs(v - x[i]![j]!))));
    x = next;
    if (change < 1e-15) break;
  }
  return x;
}

/** Unit quaternion (a, b, c, d) with a >= 0 of a rotation, by its largest component. */
function quaternion(m: Matrix): [number, number, number, number] {
  const [[r11, r12, r13], [r21, r22, r23], [r31, r32, r33]] = m as [
    [number, number, number],
    [number, number, number],
    [number, number, number],
  ];
  const squares = [1 + r11 + r22 + r33, 1 + r11 - r22 - r33, 1 - r11 + r22 - r33, 1 - r11 - r22 + r33];
  const largest = squares.indexOf(Math.max(...squares));
  const s = 2 * Math.sqrt(squares[largest]!);
  const q = [
    [s / 4, (r32 - r23) / s, (r13 - r31) / s, (r21 - r12) / s],
    [(r32 - r23) / s, s / 4, (r12 + r21) / s, (r13 + r31) / s],
    [(r13 - r31) / s, (r12 + r21) / s, s / 4, (r23 + r32) / s],
    [(r21 - r12) / s, (r13 + r31) / s, (r23 + r32) / s, s / 4],
  ][largest]!;
  const length = Math.hypot(...q) * (q[0]! < 0 ? -1 : 1);
  return q.map((v) => v / length || 0) as [number, number, number, number];
}
