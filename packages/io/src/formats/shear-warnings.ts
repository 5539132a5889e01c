import { type Affine, RIGHT_ANGLES, shearOfAffine } from '@seg/core';

/** The sentence that says an affine is sheared, if it is. */
export function shearWarnings(affine: Affine): readonly string[] {
  const shear = shearOfAffine(affine);
  if (!(shear > RIGHT_ANGLES)) return [];
  const degrees = Number(((Math.asin(Math.min(1, shear)) * 180) / Math.PI).toPrecision(3));
  return [
    `the axes are sheared: they miss right angles by ${degrees} degrees, as slices of a tilted gantry do; the spacing is measured along the axes`,
  ];
}
