/** How much each voxel of a window counts: nnU-Net's Gaussian, or all the same. */
export type Importance = 'gaussian' | 'constant';

/**
 * Importance along one axis of a window, at most 1; that of a voxel is the product over the axes.
 *
 * The Gaussian has its peak at index floor(size / 2) and sigma = size / 8, as nnU-Net's.
 */
export function importanceProfile(size: number, importance: Importance = 'gaussian'): Float64Array {
  if (importance === 'constant') return new Float64Array(size).fill(1);
  const centre = Math.floor(size / 2);
  const sigma = size / 8;
  return Float64Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - centre) / sigma) ** 2));
}
