import { SegError } from '@seg/core';
import type { MedicalImage } from '../../formats/medical-image.ts';
import { isMetaImage } from '../../formats/metaimage/metaimage-header.ts';
import { imageOfNpy } from '../../formats/npy/npy-image.ts';
import { isNpy, parseNpy } from '../../formats/npy/parse-npy.ts';
import { isNrrd } from '../../formats/nrrd/nrrd-header.ts';
import { refuseOtherFormat } from '../../formats/other-formats.ts';
import type { ReadyImage } from '../../formats/take-scaled-data.ts';
import { defaultMaxBytes } from '../../formats/voxel-bytes.ts';
import { readBytes, withFile } from './file-bytes.ts';
import { niftiPairPaths } from './nifti-pair-paths.ts';
import { readNiftiFile, readNiftiPair, type ScaledOption } from './read-nifti.ts';
import { readRaster } from './read-raster.ts';

export interface ReadImageOptions {
  /** Most bytes of voxels that are accepted. Default 8 GiB. */
  readonly maxBytes?: number;
}

/**
 * Reads an image file as it is stored. The content decides on the format: NIfTI-1/2 and Analyze 7.5 (single or pair,
 * plain or gzip), NRRD, MetaImage, NumPy's .npy.
 *
 * @throws SegError `not-found`, `io-failure`, `corrupt-data`, `unsupported` or `limit-exceeded`, naming the file.
 *
 * @example
 * const image = await readImage('case1.nii.gz');
 * console.log(image.shape, image.dtype, image.zooms);
 */
export function readImage(path: string, options: ReadImageOptions = {}): Promise<MedicalImage> {
  return readAny(path, options);
}

/** `readImage` for a volume of float32 values, which are computed while the file is read where that is possible. */
export function readImageToScale(
  path: string,
  options: ReadImageOptions,
  into: Float32Array<ArrayBuffer> | undefined,
): Promise<ReadyImage> {
  return readAny(path, { ...options, scaled: into ?? 'fresh' });
}

async function readAny(path: string, options: ReadImageOptions & ScaledOption): Promise<ReadyImage> {
  const pair = await niftiPairPaths(path);
  if (pair !== undefined) return readNiftiPair(pair, options);
  return withFile(path, async (file, size): Promise<ReadyImage> => {
    const start = await readBytes(path, file, 0, Math.min(size, 256));
    refuseOtherFormat(path, start);
    if (isNrrd(start)) return readRaster(path, file, size, 'nrrd', options);
    if (isMetaImage(start)) return readRaster(path, file, size, 'metaimage', options);
    if (!isNpy(start)) return readNiftiFile(path, file, size, options);
    const { maxBytes = defaultMaxBytes } = options;
    if (size > maxBytes) {
      throw new SegError('limit-exceeded', {
        where: path,
        problem: 'the file is too large',
        got: size,
        expected: maxBytes,
      });
    }
    return imageOfNpy(parseNpy(await readBytes(path, file, 0, size), { name: path }), { name: path });
  });
}
