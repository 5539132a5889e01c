import type { Volume } from '@seg/core';
import type { MedicalImage } from '../../formats/medical-image.ts';
import { toLabelMap } from '../../formats/to-label-map.ts';
import { toVolume } from '../../formats/to-volume.ts';
import { type ReadImageOptions, readImage } from './read-image.ts';

export interface ReadVolumeOptions extends ReadImageOptions {
  /** Type of the voxels. Default `float32`. */
  readonly type?: 'float32' | 'float64';
}

/**
 * Reads an image file as a volume [channel][z][y][x] of its scaled values, affine to RAS+ mm; axes beyond the third and
 * colours become channels.
 *
 * @throws SegError as `readImage` and `toVolume`.
 *
 * @example
 * const volume = await readVolume('case1.nii.gz');
 */
export function readVolume(
  path: string,
  options: ReadVolumeOptions & { readonly type: 'float64' },
): Promise<Volume<Float64Array>>;
export function readVolume(path: string, options?: ReadVolumeOptions): Promise<Volume<Float32Array>>;
export async function readVolume(
  path: string,
  options: ReadVolumeOptions = {},
): Promise<Volume<Float32Array | Float64Array>> {
  const { type, ...rest } = options;
  const image: MedicalImage = await readImage(path, rest);
  return type === 'float64' ? toVolume(image, { type, name: path }) : toVolume(image, { name: path });
}

/**
 * Reads a segmentation: a volume of one channel whose values are whole numbers, in the smaller of uint8 and
 * int32 that holds them.
 *
 * @throws SegError `corrupt-data` for values that are not whole or too large, or more than one channel.
 */
export async function readLabelMap(
  path: string,
  options: ReadImageOptions = {},
): Promise<Volume<Uint8Array | Int32Array>> {
  return toLabelMap(await readImage(path, options), { name: path });
}
