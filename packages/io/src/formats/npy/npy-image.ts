import { SegError } from '@seg/core';
import { type ImageDtype, imageDtypes, type MedicalImage } from '../medical-image.ts';
import type { NpyArray } from './npy-array.ts';

/**
 * A NumPy array as an image: its last axis becomes x (a C-ordered array of shape (z, y, x)), spacing 1 mm, affine identity.
 * Arrays in Fortran order keep their axes (x first).
 *
 * @throws SegError `unsupported` for arrays of no or more than seven axes.
 */
export function imageOfNpy(array: NpyArray, options: { readonly name?: string } = {}): MedicalImage {
  const { shape, dtype, data, byteOrder, fortranOrder } = array;
  if (shape.length < 1 || shape.length > 7 || shape.includes(0)) {
    throw new SegError('unsupported', {
      where: options.name ?? 'imageOfNpy',
      problem: 'an image has one to seven axes with at least one voxel',
      got: shape,
    });
  }
  const imageType: ImageDtype = dtype === 'bool' ? 'uint8' : dtype;
  const ArrayType = imageDtypes[imageType].array;
  return {
    format: 'npy',
    shape: fortranOrder ? shape : [...shape].reverse(),
    dtype: imageType,
    byteOrder,
    data: new ArrayType(data.buffer as ArrayBuffer, data.byteOffset, data.length),
    slope: null,
    intercept: null,
    zooms: shape.map(() => 1),
    affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    header: { fortranOrder },
    extensions: [],
    warnings: ['a .npy file says nothing about space: spacing 1 mm, axes to the right, front and head are assumed'],
  };
}
