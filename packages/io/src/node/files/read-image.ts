import { SegError } from '@seg/core';
import type { MedicalImage } from '../../formats/medical-image.ts';
import { isMetaImage } from '../../formats/metaimage/metaimage-header.ts';
import { imageOfNpy } from '../../formats/npy/npy-image.ts';
import { isNpy, parseNpy } from '../../formats/npy/parse-npy.ts';
import { isNrrd } from '../../formats/nrrd/nrrd-header.ts';
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
    refuseOthers(path, start);
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

/** Formats that are known but read by other means. */
const others: readonly [name: string, magic: readonly number[], hint: string][] = [
  ['a zip archive', [0x50, 0x4b, 3, 4], 'Read the bytes of a .npz file with parseNpz.'],
  ['an HDF5 file', [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a], 'Read it with readHdf5.'],
  ['a bzip2 file', [0x42, 0x5a, 0x68], 'Unpack it, or pack it with gzip.'],
  ['a Zstandard file', [0x28, 0xb5, 0x2f, 0xfd], 'Unpack it, or pack it with gzip.'],
  ['an xz file', [0xfd, 0x37, 0x7a, 0x58], 'Unpack it, or pack it with gzip.'],
];

function refuseOthers(path: string, start: Uint8Array): void {
  const other = others.find(([, magic]) => magic.every((byte, i) => start[i] === byte));
  const dicom = String.fromCharCode(...start.subarray(128, 132)) === 'DICM';
  if (other === undefined && !dicom) return;
  const [name, , hint] = other ?? ['a DICOM file', [], 'Read its folder with readDicomSeries.'];
  throw new SegError('unsupported', { where: path, problem: `this is ${name}`, hint });
}
