import { deflateSync } from 'node:zlib';
import { SegError, type Volume } from '@seg/core';
import type { MedicalImage } from '../../formats/medical-image.ts';
import { encodeMetaImage } from '../../formats/metaimage/encode-metaimage.ts';
import { encodeNpy } from '../../formats/npy/encode-npy.ts';
import { encodeNrrd } from '../../formats/nrrd/encode-nrrd.ts';
import { rasterOf } from '../../formats/raster.ts';
import { writeFileAtomic } from './write-file-atomic.ts';
import { gzipBytes, type WriteNiftiOptions, writeNifti } from './write-nifti.ts';

export interface WriteImageOptions extends WriteNiftiOptions {
  /** For NRRD and MetaImage: whether voxels are compressed. Default true. */
  readonly compress?: boolean;
}

/**
 * Writes a volume or an image in the format that the name asks for: .nii, .nii.gz, .hdr/.img, .nrrd, .mha, .npy.
 *
 * Scaled images lose their scaling but not their values outside NIfTI. A .npy file gets the axes in NumPy's order
 * (z, y, x; channels first) and no geometry.
 *
 * @throws SegError `invalid-argument` for other names, `unsupported` for types that the format lacks, `io-failure`.
 */
export async function writeImage(
  path: string,
  source: Volume | MedicalImage,
  options: WriteImageOptions = {},
): Promise<void> {
  const { compress = true, compressionLevel = 6 } = options;
  const extension = /\.(nii|nii\.gz|hdr|img|hdr\.gz|img\.gz|nrrd|mha|npy)$/i.exec(path)?.[1]?.toLowerCase();
  switch (extension) {
    case undefined:
      throw new SegError('invalid-argument', {
        where: 'writeImage',
        problem: 'the name has no extension of an image format',
        got: path,
        expected: '.nii, .nii.gz, .hdr, .img, .nrrd, .mha or .npy',
      });
    case 'nrrd': {
      const gzip = (bytes: Uint8Array) => gzipBytes(bytes, compressionLevel);
      return writeFileAtomic(path, encodeNrrd(source, compress ? { gzip } : {}));
    }
    case 'mha': {
      const zlib = (bytes: Uint8Array) => deflateSync(bytes, { level: compressionLevel });
      return writeFileAtomic(path, encodeMetaImage(source, compress ? { zlib } : {}));
    }
    case 'npy': {
      const { shape, data, dtype } = rasterOf(source);
      if (dtype === 'rgb24' || dtype === 'rgba32') {
        const components = data.length / shape.reduce((product, n) => product * n, 1);
        return writeFileAtomic(
          path,
          encodeNpy({ shape: [...shape].reverse().concat(components), data, dtype: 'uint8' }),
        );
      }
      return writeFileAtomic(path, encodeNpy({ shape: [...shape].reverse(), data, dtype }));
    }
    default:
      return writeNifti(path, source, options);
  }
}
