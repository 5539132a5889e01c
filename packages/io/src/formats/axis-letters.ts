import type { Affine } from '@seg/core';
import { axisDirections, axisLetter } from '../geometry/orientation.ts';

/**
 * The side to which each voxel axis points, as nibabel's `aff2axcodes` names it; null for an axis without direction (an
 * affine of lower rank).
 */
export function axisLetters(affine: Affine): (string | null)[] {
  return axisDirections(affine).map((direction) => (direction === null ? null : axisLetter(direction)));
}
