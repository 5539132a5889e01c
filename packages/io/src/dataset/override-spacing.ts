import { createVolume, type Triple, type Volume, type VoxelArray } from '@seg/core';

/** The same voxels with another spacing (mm, z, y, x): the affine's columns are scaled, its origin and directions stay. */
export function overrideSpacing<T extends VoxelArray>(volume: Volume<T>, spacingMm: Triple): Volume<T> {
  const factors = [
    spacingMm[2] / volume.spacingMm[2],
    spacingMm[1] / volume.spacingMm[1],
    spacingMm[0] / volume.spacingMm[0],
  ];
  const affine = volume.affine.map((value, i) => (i < 12 && i % 4 < 3 ? value * factors[i % 4]! : value));
  return createVolume(volume.data, volume.shape, { channels: volume.channels, spacingMm, affine });
}
