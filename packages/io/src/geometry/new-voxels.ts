import type { VoxelArray } from '@seg/core';

/** A zeroed array of the same type as another. */
export function newVoxels<T extends VoxelArray>(like: T, length: number): T {
  return new (like.constructor as new (length: number) => T)(length);
}
