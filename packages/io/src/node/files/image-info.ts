import { describeFailure, describeImage, type ImageInfo, type ImageInfoError } from '../../formats/image-info.ts';
import { voxelStatistics } from '../../formats/voxel-statistics.ts';
import { type ReadImageOptions, readImage } from './read-image.ts';

/**
 * Describes an image file: geometry, type, scaling and statistics of its values. Never throws for a bad file: the reason
 * is in `error`.
 *
 * @example
 * const info = await imageInfo('case1.nii.gz');
 * if (!('error' in info)) console.log(info.shape, info.axisCodes);
 */
export async function imageInfo(path: string, options: ReadImageOptions = {}): Promise<ImageInfo | ImageInfoError> {
  try {
    const image = await readImage(path, options);
    return describeImage(path, image, voxelStatistics(image));
  } catch (error) {
    return describeFailure(path, error);
  }
}
