import { type Affine, SegError } from '@seg/core';
import type { NiftiHeader } from './nifti-header.ts';

/**
 * Voxel to RAS+ mm by the standard's precedence: the sform if its code is not 0, else the qform if its code is not 0,
 * else the voxel sizes with x to the left and the origin at the image's centre, as nibabel and SPM take such files.
 *
 * @throws SegError `corrupt-data` when the chosen form is not finite or its quaternion is longer than 1.
 */
export function niftiAffine(where: string, header: NiftiHeader): Affine {
  const affine = chosenAffine(where, header);
  if (!affine.every(Number.isFinite)) {
    throw new SegError('corrupt-data', { where, problem: 'the affine is not finite', got: affine.map(String) });
  }
  return affine.map((v) => (v === 0 ? 0 : v));
}

function chosenAffine(where: string, header: NiftiHeader): number[] {
  if (header.form === 'analyze') return analyzeAffine(header);
  if (header.sformCode !== 0) return [...header.srow, 0, 0, 0, 1];
  if (header.qformCode !== 0) return qformAffine(where, header);
  const [nx, ny, nz] = spatial(header.dim, header.dim[0]!);
  const [sx, sy, sz] = spatial(header.pixdim, header.dim[0]!);
  return centred([-sx, sy, sz], [nx, ny, nz].map((n) => (n - 1) / 2) as [number, number, number]);
}

/** Entries 1 to 3, ones for axes that the image does not have. */
function spatial(values: readonly number[], dimensions: number): [number, number, number] {
  const value = (axis: number) => (axis <= dimensions ? values[axis]! : 1);
  return [value(1), value(2), value(3)];
}

function centred(size: [number, number, number], origin: [number, number, number]): number[] {
  const shift = (axis: number) => -origin[axis]! * size[axis]!;
  return [size[0], 0, 0, shift(0), 0, size[1], 0, shift(1), 0, 0, size[2], shift(2), 0, 0, 0, 1];
}

/** SPM's reading of Analyze: x to the left, origin from the header (counted from 1) if plausible, else the centre. */
function analyzeAffine({ dim, pixdim, origin }: NiftiHeader): number[] {
  const plausible =
    origin.some((o) => o !== 0) && origin.every((o, axis) => o > -dim[axis + 1]! && o < dim[axis + 1]! * 2);
  const centre = origin.map((o, axis) => (plausible ? o - 1 : (dim[axis + 1]! - 1) / 2));
  return centred([-pixdim[1]!, pixdim[2]!, pixdim[3]!], centre as [number, number, number]);
}

/** Rotation by the unit quaternion (a, b, c, d) whose a is taken from the others, times voxel sizes and qfac. */
function qformAffine(where: string, header: NiftiHeader): number[] {
  const { quaternB: b, quaternC: c, quaternD: d, pixdim } = header;
  const epsilon = header.version === 1 ? 2 ** -23 : 2 ** -52;
  const rest = 1 - (b * b + c * c + d * d);
  if (rest <= -3 * epsilon) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the qform quaternion is longer than 1',
      got: [b, c, d],
      hint: 'Set qform_code to 0 or repair the quaternion.',
    });
  }
  const a = Math.abs(rest) < 3 * epsilon ? 0 : Math.sqrt(rest);
  const s = 2 / (a * a + b * b + c * c + d * d);
  const [dx, dy, dz] = [pixdim[1]!, pixdim[2]!, pixdim[3]! * pixdim[0]!];
  return [
    (1 - s * (c * c + d * d)) * dx,
    s * (b * c - a * d) * dy,
    s * (b * d + a * c) * dz,
    header.qoffsetX,
    s * (b * c + a * d) * dx,
    (1 - s * (b * b + d * d)) * dy,
    s * (c * d - a * b) * dz,
    header.qoffsetY,
    s * (b * d - a * c) * dx,
    s * (c * d + a * b) * dy,
    (1 - s * (b * b + c * c)) * dz,
    header.qoffsetZ,
    0,
    0,
    0,
    1,
  ];
}
