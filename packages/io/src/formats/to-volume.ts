import { createVolume, SegError, type Triple, type Volume, type VoxelArray } from '@seg/core';
import { imageDtypes, isColour, type MedicalImage } from './medical-image.ts';
import { scaledData } from './scaled-data.ts';
import { isFlat } from './shear-warnings.ts';
import { type ReadyImage, takeScaledData } from './take-scaled-data.ts';

export interface ToVolumeOptions {
  /** Type of the voxels. Default `float32`. */
  readonly type?: 'float32' | 'float64';
  /** What errors call the image. Default `toVolume`. */
  readonly name?: string;
}

/**
 * The image's scaled values as a volume [channel][z][y][x] with the image's affine.
 *
 * Axes beyond the third become channels, in the file's order; colours become channels of their own. Images of fewer than
 * three axes get axes of size 1.
 *
 * @throws SegError `unsupported` for complex voxels, `corrupt-data` when the affine has an axis of length 0 or two along one line.
 */
export function toVolume(
  image: MedicalImage,
  options: ToVolumeOptions & { readonly type: 'float64' },
): Volume<Float64Array>;
export function toVolume(image: MedicalImage, options?: ToVolumeOptions): Volume<Float32Array>;
export function toVolume(image: MedicalImage, options: ToVolumeOptions = {}): Volume<Float32Array | Float64Array> {
  const { type = 'float32', name: where = 'toVolume' } = options;
  const values = type === 'float64' ? scaledData(image, { type: 'float64' }) : scaledData(image);
  return volumeOf(where, image, planar(values, imageDtypes[image.dtype].components));
}

/** `toVolume` in float32 for an image that nobody else holds: its memory is reused, or that of `into`. */
export function takeVolume(where: string, image: ReadyImage, into?: Float32Array<ArrayBuffer>): Volume<Float32Array> {
  if (into !== undefined && into.length !== image.data.length) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the array to read into has another length than the image',
      got: into.length,
      expected: image.data.length,
    });
  }
  const { components } = imageDtypes[image.dtype];
  const values = takeScaledData(image, into);
  const data = planar(values, components);
  if (into === undefined || data === into) return volumeOf(where, image, data);
  into.set(data);
  return volumeOf(where, image, into);
}

/** A volume over voxels that are in the image's order, colours planar. */
export function volumeOf<T extends VoxelArray>(where: string, image: Omit<MedicalImage, 'data'>, data: T): Volume<T> {
  const [x = 1, y = 1, z = 1, ...rest] = image.shape;
  const shape: Triple = [z, y, x];
  const { affine } = image;
  if ([0, 1, 2].some((j) => affine[j] === 0 && affine[4 + j] === 0 && affine[8 + j] === 0)) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the affine has an axis of length 0',
      got: affine,
      hint: 'Repair the sform or qform; the voxels alone are in readImage(...).data.',
    });
  }
  if (isFlat(affine)) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'two axes of the affine run the same way, so that voxels have no volume',
      got: affine,
      hint: 'Repair the sform or qform; the voxels alone are in readImage(...).data.',
    });
  }
  const colours = isColour(image.dtype) ? imageDtypes[image.dtype].components : 1;
  const channels = rest.reduce((product, size) => product * size, colours);
  return createVolume(data, shape, { channels, affine });
}

/** Interleaved components to one plane after the other. */
function planar<T extends Float32Array | Float64Array>(values: T, components: number): T {
  if (components === 1) return values;
  const voxels = values.length / components;
  const result = new (values.constructor as new (length: number) => T)(values.length);
  for (let c = 0; c < components; c++) {
    for (let i = 0; i < voxels; i++) result[c * voxels + i] = values[i * components + c]!;
  }
  return result;
}
