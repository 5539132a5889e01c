import type { Triple } from '@seg/core';

/** Beyond this ratio of spacings nnU-Net calls a grid anisotropic. */
const ANISOTROPY = 3;

/** Spacings that differ by less than this share are the same: headers hold them in single precision. */
const EQUAL = 1e-5;

/**
 * The axis (0 = z) of thick slices by nnU-Net's rule, or undefined: looked for in the input's spacing, then in the
 * result's; where two axes are equally coarse there is none.
 */
export function thickSliceAxis(sourceMm: Triple, targetMm: Triple): 0 | 1 | 2 | undefined {
  const spacing = [sourceMm, targetMm].find((s) => Math.max(...s) / Math.min(...s) > ANISOTROPY);
  if (spacing === undefined) return undefined;
  const coarsest = Math.max(...spacing);
  const axes = ([0, 1, 2] as const).filter((axis) => spacing[axis]! > (1 - EQUAL) * coarsest);
  return axes.length === 1 ? axes[0] : undefined;
}
