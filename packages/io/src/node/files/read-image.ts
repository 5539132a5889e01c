import type { MedicalImage } from '../../formats/medical-image.ts';
import { readNifti } from './read-nifti.ts';

export interface ReadImageOptions {
  /** Most bytes of voxels that are accepted. Default 8 GiB. */
  readonly maxBytes?: number;
}

/**
 * Reads an image file as it is stored: NIfTI-1/2 and Analyze 7.5, plain or gzip-compressed.
 *
 * @throws SegError `not-found`, `io-failure`, `corrupt-data`, `unsupported` or `limit-exceeded`, naming the file.
 *
 * @example
 * const image = await readImage('case1.nii.gz');
 * console.log(image.shape, image.dtype, image.zooms);
 */
export async function readImage(path: string, options: ReadImageOptions = {}): Promise<MedicalImage> {
  return readNifti(path, options);
}
