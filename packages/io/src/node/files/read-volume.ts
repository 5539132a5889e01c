import type { Volume } from '@seg/core';
import { toLabelMap } from '../../formats/to-label-map.ts';
import { takeVolume, toVolume } from '../../formats/to-volume.ts';
import { type ReadImageOptions, readImage, readImageToScale } from './read-image.ts';

export interface ReadLabelMapOptions extends ReadImageOptions {
  /** Receives the image's warnings: contradictions and faults of its header. */
  readonly onWarning?: (message: string) => void;
}

export interface ReadVolumeOptions extends ReadLabelMapOptions {
  /** Type of the voxels. Default `float32`. */
  readonly type?: 'float32' | 'float64';
  /**
   * Memory for the voxels of a float32 volume, of exactly its length: reading many images of one size into the same array
   * is two to three times faster than into fresh ones. Default: fresh memory.
   */
  readonly into?: Float32Array<ArrayBuffer>;
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
  const { type, into, onWarning, ...rest } = options;
  const image = type === 'float64' ? await readImage(path, rest) : await readImageToScale(path, rest, into);
  const volume = type === 'float64' ? toVolume(image, { type, name: path }) : takeVolume(path, image, into);
  for (const warning of image.warnings) onWarning?.(warning);
  return volume;
}

/**
 * Reads a segmentation: a volume of one channel whose values are whole numbers, in the smaller of uint8 and
 * int32 that holds them; values within rounding of whole numbers count as these (see `toLabelMap`).
 *
 * @throws SegError `corrupt-data` for values that are not whole or too large, or more than one channel.
 */
export async function readLabelMap(
  path: string,
  options: ReadLabelMapOptions = {},
): Promise<Volume<Uint8Array | Int32Array>> {
  const { onWarning, ...rest } = options;
  const image = await readImage(path, rest);
  const labels = toLabelMap(image, { name: path });
  for (const warning of image.warnings) onWarning?.(warning);
  return labels;
}
