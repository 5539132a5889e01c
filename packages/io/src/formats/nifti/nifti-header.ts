import type { ByteOrder } from '../medical-image.ts';

/**
 * The fields of a NIfTI-1, NIfTI-2 or Analyze 7.5 header, under the standard's names in camel case.
 *
 * Lengths (`pixdim`, offsets, `srow`) are in mm: headers in metres or micrometres are converted, `xyztUnits` with them.
 * Text is decoded as Latin-1 up to its first NUL, so that any bytes survive. Small faults are repaired as nibabel does
 * (see the image's `warnings`).
 */
export interface NiftiHeader {
  readonly version: 1 | 2;
  /** One .nii file, a NIfTI .hdr/.img pair, or an Analyze 7.5 pair (whose header has no forms and no intent). */
  readonly form: 'single' | 'pair' | 'analyze';
  readonly byteOrder: ByteOrder;
  readonly magic: string;
  /** Number of dimensions, then their sizes; 8 numbers. */
  readonly dim: readonly number[];
  readonly datatype: number;
  readonly bitpix: number;
  /** qfac, then the voxel sizes; 8 numbers. */
  readonly pixdim: readonly number[];
  readonly voxOffset: number;
  readonly sclSlope: number;
  readonly sclInter: number;
  readonly calMax: number;
  readonly calMin: number;
  readonly sliceDuration: number;
  readonly toffset: number;
  readonly sliceStart: number;
  readonly sliceEnd: number;
  readonly sliceCode: number;
  readonly dimInfo: number;
  readonly intentCode: number;
  readonly intentP1: number;
  readonly intentP2: number;
  readonly intentP3: number;
  readonly intentName: string;
  /** Units code: bits 0-2 space, bits 3-5 time; see `niftiUnits`. */
  readonly xyztUnits: number;
  readonly descrip: string;
  readonly auxFile: string;
  readonly qformCode: number;
  readonly sformCode: number;
  readonly quaternB: number;
  readonly quaternC: number;
  readonly quaternD: number;
  readonly qoffsetX: number;
  readonly qoffsetY: number;
  readonly qoffsetZ: number;
  /** First three rows of the sform; 12 numbers. */
  readonly srow: readonly number[];
  /** This and the next four: fields of Analyze 7.5 that NIfTI-1 leaves unused; empty in NIfTI-2. */
  readonly dataType: string;
  readonly dbName: string;
  readonly extents: number;
  readonly sessionError: number;
  readonly regular: string;
  /** NIfTI-1 and Analyze only (0 in NIfTI-2). */
  readonly glmax: number;
  /** NIfTI-1 and Analyze only (0 in NIfTI-2). */
  readonly glmin: number;
  /** Analyze only: SPM's voxel origin, counted from 1; zeros when unset. */
  readonly origin: readonly [number, number, number];
}

/** Bytes of a header of this version. */
export function niftiHeaderBytes(version: 1 | 2): number {
  return version === 1 ? 348 : 540;
}

const spaceUnits: Readonly<Record<number, string>> = { 0: 'unknown', 1: 'meter', 2: 'mm', 3: 'micron' };
const timeUnits: Readonly<Record<number, string>> = {
  0: 'unknown',
  8: 'sec',
  16: 'msec',
  24: 'usec',
  32: 'hz',
  40: 'ppm',
  48: 'rads',
};

/** Names of the units in which `pixdim` is given, `unknown` where the code is 0 or not in the standard. */
export function niftiUnits(header: Pick<NiftiHeader, 'xyztUnits'>): { readonly space: string; readonly time: string } {
  return {
    space: spaceUnits[header.xyztUnits & 7] ?? 'unknown',
    time: timeUnits[header.xyztUnits & 0x38] ?? 'unknown',
  };
}
