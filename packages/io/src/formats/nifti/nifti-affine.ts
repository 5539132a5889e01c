import { type Affine, determinantOfAffine, RIGHT_ANGLES, SegError, shearOfAffine, spacingOfAffine } from '@seg/core';
import { gridDistance } from '../../geometry/grid.ts';
import { shearWarnings } from '../shear-warnings.ts';
import type { NiftiHeader } from './nifti-header.ts';

/** Relative difference of the sform's and pixdim's spacing above which they contradict each other. */
const SPACING_TOLERANCE = 1e-3;

/** Voxels by which two forms that name the same space may lie apart. */
const SAME_PLACE = 0.5;

/** An affine, and what is to be said about the header that it was taken from. */
export interface PlacedHeader {
  readonly affine: Affine;
  readonly warnings: readonly string[];
}

/**
 * Voxel to RAS+ mm by the standard's precedence: the sform if its code is not 0, else the qform if its code is not 0,
 * else the voxel sizes with x to the left and the origin at the image's centre, as nibabel and SPM take such files.
 *
 * Where both forms are coded and the sform's spacing contradicts pixdim, which the qform is made of, the qform is taken,
 * as ITK does. Contradictions and shear are named in the warnings.
 *
 * @throws SegError `corrupt-data` when the chosen form is not finite or its quaternion is longer than 1.
 */
export function niftiAffine(where: string, header: NiftiHeader): PlacedHeader {
  const { affine: chosen, warnings } = chosenAffine(where, header);
  const affine = finite(where, chosen);
  return { affine, warnings: [...warnings, ...shearWarnings(affine)] };
}

function finite(where: string, affine: readonly number[]): Affine {
  if (!affine.every(Number.isFinite)) {
    throw new SegError('corrupt-data', { where, problem: 'the affine is not finite', got: affine.map(String) });
  }
  return affine.map((v) => (v === 0 ? 0 : v));
}

function chosenAffine(where: string, header: NiftiHeader): PlacedHeader {
  if (header.form === 'analyze') return { affine: analyzeAffine(header), warnings: [] };
  if (header.sformCode !== 0) return sformUnlessContradicted(header);
  if (header.qformCode !== 0) return { affine: qformAffine(where, header), warnings: [] };
  return { affine: withoutForms(header), warnings: [] };
}

function sformUnlessContradicted(header: NiftiHeader): PlacedHeader {
  const sform: Affine = [...header.srow, 0, 0, 0, 1];
  const qform = header.qformCode === 0 ? undefined : usableQform(header);
  if (!agreesWithPixdim(sform, header)) {
    const difference = `the sform's spacing ${sizes(spacingOfAffine(sform).toReversed())} contradicts pixdim${qform === undefined ? '' : ' and the qform'}, ${sizes(header.pixdim.slice(1, 4))} mm (x, y, z)`;
    if (qform !== undefined) return { affine: qform, warnings: [`${difference}: the qform is used, as ITK does`] };
    return { affine: sform, warnings: [`${difference}: the sform is used`] };
  }
  // Forms of different codes name different spaces (the scanner's, an atlas') and may differ; no qform can say shear.
  const mayDiffer = header.qformCode !== header.sformCode || shearOfAffine(sform) > RIGHT_ANGLES;
  if (qform === undefined || mayDiffer) return { affine: sform, warnings: [] };
  const { dim } = header;
  const [x, y, z] = [1, 2, 3].map((axis) => (axis <= dim[0]! ? Math.max(1, dim[axis]!) : 1)) as [
    number,
    number,
    number,
  ];
  const apart = gridDistance(
    { shape: [z, y, x], spacingMm: spacingOfAffine(sform), affine: sform },
    { shape: [z, y, x], spacingMm: spacingOfAffine(qform), affine: qform },
  );
  const warnings =
    apart > SAME_PLACE
      ? [`sform and qform lie up to ${Number(apart.toPrecision(3))} voxels apart: the sform is used`]
      : [];
  return { affine: sform, warnings };
}

/** The qform, or undefined for one that cannot be meant. */
function usableQform(header: NiftiHeader): Affine | undefined {
  if (quaternionRest(header) === undefined) return undefined;
  const affine = qformAffine('', header);
  return affine.every(Number.isFinite) ? affine : undefined;
}

/** By the lengths of its axes, or, for slices of a tilted gantry, by the distance of the slices. */
function agreesWithPixdim(sform: Affine, { pixdim, dim }: NiftiHeader): boolean {
  const spacing = spacingOfAffine(sform).toReversed();
  const axes = [0, 1, 2].filter((axis) => axis < dim[0]!);
  const alike = (a: number, b: number) => Math.abs(a / b - 1) <= SPACING_TOLERANCE;
  if (axes.every((axis) => alike(spacing[axis]!, pixdim[axis + 1]!))) return true;
  const inPlane = axes.length === 3 && alike(spacing[0]!, pixdim[1]!) && alike(spacing[1]!, pixdim[2]!);
  return inPlane && alike(Math.abs(determinantOfAffine(sform)), pixdim[1]! * pixdim[2]! * pixdim[3]!);
}

function sizes(values: readonly number[]): string {
  return values.map((value) => Number(value.toPrecision(6))).join(' x ');
}

function withoutForms(header: NiftiHeader): number[] {
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
  const rest = quaternionRest(header);
  if (rest === undefined) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the qform quaternion is longer than 1',
      got: [b, c, d],
      hint: 'Set qform_code to 0 or repair the quaternion.',
    });
  }
  const a = Math.sqrt(rest);
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

/** What the quaternion's three stored parts leave for the fourth, squared; undefined where they are longer than 1. */
function quaternionRest({ quaternB: b, quaternC: c, quaternD: d, version }: NiftiHeader): number | undefined {
  const epsilon = version === 1 ? 2 ** -23 : 2 ** -52;
  const rest = 1 - (b * b + c * c + d * d);
  if (rest <= -3 * epsilon) return undefined;
  return Math.abs(rest) < 3 * epsilon ? 0 : rest;
}
