import { type Affine, invertAffine, type Triple, transformPoint } from '@seg/core';

/** World coordinates (x, y, z in RAS+ mm) of a voxel given in array order (z, y, x); fractions lie between voxels. */
export function voxelToWorld({ affine }: { readonly affine: Affine }, [z, y, x]: Triple): Triple {
  return transformPoint(affine, [x, y, z]);
}

/** The voxel (z, y, x), fractions included, at world coordinates (x, y, z in RAS+ mm). */
export function worldToVoxel({ affine }: { readonly affine: Affine }, point: Triple): Triple {
  const [x, y, z] = transformPoint(invertAffine(affine), point);
  return [z, y, x];
}
