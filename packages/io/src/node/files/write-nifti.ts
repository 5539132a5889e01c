import { gzipSync } from 'node:zlib';
import { SegError, type Volume } from '@seg/core';
import type { MedicalImage } from '../../formats/medical-image.ts';
import { type EncodeNiftiOptions, encodeNifti, encodeNiftiPair } from '../../formats/nifti/encode-nifti.ts';
import { writeFileAtomic } from './write-file-atomic.ts';

export interface WriteNiftiOptions extends Omit<EncodeNiftiOptions, 'name'> {
  /** Default: whether the name ends in .gz. */
  readonly gzip?: boolean;
  /** 1 (fast) to 9 (small). Default 6. */
  readonly compressionLevel?: number;
}

/**
 * Writes a volume or an image as .nii, .nii.gz, or as a .hdr/.img pair when the name ends so; equal input gives equal
 * bytes. See `encodeNifti` for the options; each file appears whole or not at all.
 *
 * @throws SegError `invalid-argument` for a name that is none of these or voxels that do not fit, `io-failure`.
 *
 * @example
 * await writeNifti('case1-prediction.nii.gz', prediction, { like: await readImage('case1.nii.gz'), dtype: 'uint8' });
 */
export async function writeNifti(
  path: string,
  source: Volume | MedicalImage,
  options: WriteNiftiOptions = {},
): Promise<void> {
  const { gzip = /\.gz$/i.test(path), compressionLevel = 6, ...rest } = options;
  const pack = (bytes: Uint8Array) => (gzip ? gzipBytes(bytes, compressionLevel) : bytes);
  const name = path.replace(/\.gz$/i, '');
  if (/\.nii$/i.test(name)) {
    await writeFileAtomic(path, pack(encodeNifti(source, { ...rest, name: path })));
    return;
  }
  if (!/\.(hdr|img)$/i.test(name)) {
    throw new SegError('invalid-argument', {
      where: 'writeNifti',
      problem: 'the file name does not end in .nii, .nii.gz, .hdr or .img',
      got: path,
    });
  }
  const { header, voxels } = encodeNiftiPair(source, { ...rest, name: path });
  const upper = /\.(HDR|IMG)$/.test(name);
  const file = (extension: string) =>
    `${name.slice(0, -3)}${upper ? extension.toUpperCase() : extension}${path.slice(name.length)}`;
  await writeFileAtomic(file('img'), pack(voxels));
  await writeFileAtomic(file('hdr'), pack(header));
}

/** gzip without time stamp or system in its header, so that equal data gives equal files everywhere. */
export function gzipBytes(bytes: Uint8Array, level: number): Uint8Array {
  const packed = gzipSync(bytes, { level, chunkSize: Math.max(1024, bytes.length >> 2) });
  packed[9] = 255;
  return packed;
}
