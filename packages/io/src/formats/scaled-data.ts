import { SegError } from '@seg/core';
import { imageDtypes, type MedicalImage, scalingOf } from './medical-image.ts';
import { scaleInto } from './scale-voxels.ts';

export interface ScaledDataOptions {
  /** Type of the result. Default `float32`; `float64` for values above 2^24 that must stay exact. */
  readonly type?: 'float32' | 'float64';
}

/**
 * The image's values: stored numbers times slope plus intercept, computed in double precision, in a new array.
 *
 * Same order as `image.data`; colour voxels stay interleaved.
 *
 * @throws SegError `unsupported` for complex voxels.
 */
export function scaledData(image: MedicalImage, options: { readonly type: 'float64' }): Float64Array<ArrayBuffer>;
export function scaledData(image: MedicalImage, options?: ScaledDataOptions): Float32Array<ArrayBuffer>;
export function scaledData(
  image: MedicalImage,
  options: ScaledDataOptions = {},
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const { data, dtype } = image;
  if (dtype === 'complex64' || dtype === 'complex128') {
    throw new SegError('unsupported', {
      where: 'scaledData',
      problem: 'complex voxels have no single value',
      got: dtype,
      hint: `image.data holds real and imaginary parts in turns (${imageDtypes[dtype].components} numbers a voxel).`,
    });
  }
  const values = options.type === 'float64' ? new Float64Array(data.length) : new Float32Array(data.length);
  const { slope, intercept } = scalingOf(image);
  scaleInto(values, data, slope, intercept);
  return values;
}
