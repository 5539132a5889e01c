import { type Affine, RIGHT_ANGLES, shearOfAffine } from '@seg/core';

/** Shear above which axes are the same but for rounding: 89.9 degrees. */
const FLAT = 0.999998;

/** Whether two axes lie along one line. */
export function isFlat(affine: Affine): boolean {
  return shearOfAffine(affine) > FLAT;
}

/** The sentence that says an affine is sheared, if it is. */
export function shearWarnings(affine: Affine): readonly string[] {
  const shear = shearOfAffine(affine);
  if (!(shear > RIGHT_ANGLES)) return [];
  if (isFlat(affine)) return ['two axes of the affine run the same way, so that voxels have no volume'];
  const degrees = Number(((Math.asin(Math.min(1, shear)) * 180) / Math.PI).toPrecision(3));
  return [
    `the axes are sheared: they miss right angles by ${degrees} degrees, as slices of a tilted gantry do; the spacing is measured along the axes`,
  ];
}
