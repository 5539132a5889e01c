import { isSegError } from '@seg/core';
import { axisLetters } from './axis-letters.ts';
import type { ByteOrder, ImageDtype, MedicalImage } from './medical-image.ts';
import type { VoxelStatistics } from './voxel-statistics.ts';

/** What `seg info --json` prints of a file that can be read. */
export interface ImageInfo extends VoxelStatistics {
  readonly file: string;
  /** Voxels along each axis, x first. */
  readonly shape: readonly number[];
  /** NumPy's name, or rgb24, rgba32. */
  readonly dtype: ImageDtype;
  readonly byteOrder: ByteOrder;
  /** Spacing along each axis, x first: mm for the first three. */
  readonly zooms: readonly (number | null)[];
  /** Four rows of four: voxel (x, y, z) to RAS+ mm. */
  readonly affine: readonly (readonly number[])[];
  /** The side to which each of the first three voxel axes points, as R, A, S or L, P, I. */
  readonly axisCodes: readonly (string | null)[];
  /** Null when the file asks for no scaling. */
  readonly slope: number | null;
  readonly intercept: number | null;
  /** Codes of the header extensions. */
  readonly extensions: readonly number[];
  /** Contradictions and faults of the header, and what was made of them. */
  readonly warnings: readonly string[];
}

/** What `seg info --json` prints of a file that cannot be read. */
export interface ImageInfoError {
  readonly file: string;
  readonly error: { readonly code: string; readonly message: string };
}

/** The description of an image with these statistics. */
export function describeImage(file: string, image: Omit<MedicalImage, 'data'>, statistics: VoxelStatistics): ImageInfo {
  const { shape, dtype, byteOrder, zooms, affine, slope, intercept, extensions, warnings } = image;
  const { min, max, mean, nan, inf } = statistics;
  return {
    file,
    shape,
    dtype,
    byteOrder,
    zooms: zooms.map((zoom) => (Number.isFinite(zoom) ? zoom : null)),
    affine: [0, 4, 8, 12].map((row) => affine.slice(row, row + 4)),
    axisCodes: axisLetters(affine),
    slope,
    intercept,
    min,
    max,
    mean,
    nan,
    inf,
    extensions: extensions.map(({ code }) => code),
    warnings,
  };
}

/** The description of a failure to read a file. */
export function describeFailure(file: string, error: unknown): ImageInfoError {
  const message = error instanceof Error ? error.message : String(error);
  return { file, error: { code: isSegError(error) ? error.code : 'internal', message } };
}
