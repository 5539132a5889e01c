import { isSegError } from '@seg/core';
import { describeFailure, describeImage, type ImageInfo, type ImageInfoError } from '../../formats/image-info.ts';
import { VoxelStatisticsCollector, voxelStatistics } from '../../formats/voxel-statistics.ts';
import { type ReadImageOptions, readImage } from './read-image.ts';
import { readImageSlabs } from './read-image-slabs.ts';

/** Images with more bytes of voxels are described slab by slab. */
const wholeImageBytes = 2 ** 28;

/**
 * Describes an image file: geometry, type, scaling and statistics of its values, in bounded memory however large the
 * image is. Never throws for a bad file: the reason is in `error`.
 *
 * @example
 * const info = await imageInfo('case1.nii.gz');
 * if (!('error' in info)) console.log(info.shape, info.axisCodes);
 */
export async function imageInfo(path: string, options: ReadImageOptions = {}): Promise<ImageInfo | ImageInfoError> {
  const { maxBytes = Number.MAX_SAFE_INTEGER } = options;
  try {
    const image = await readImage(path, { maxBytes: Math.min(maxBytes, wholeImageBytes) });
    return describeImage(path, image, voxelStatistics(image));
  } catch (error) {
    if (!isSegError(error, 'limit-exceeded') || maxBytes <= wholeImageBytes) return describeFailure(path, error);
    return describeInSlabs(path);
  }
}

async function describeInSlabs(path: string): Promise<ImageInfo | ImageInfoError> {
  try {
    const { image, slabs } = await readImageSlabs(path);
    const collector = new VoxelStatisticsCollector(image);
    for await (const { data } of slabs()) collector.add(data);
    return describeImage(path, image, collector.result());
  } catch (error) {
    return describeFailure(path, error);
  }
}
