import type { CroppedPair } from './crop.ts';

/** Positions (increasing indices into a box) of the surface elements of two masks. */
export interface SurfacePair {
  readonly prediction: Int32Array;
  readonly reference: Int32Array;
}

/**
 * Voxels of each mask that an erosion would remove: those with a neighbour outside the mask.
 *
 * `connectivity` is that of SciPy's `generate_binary_structure`: 1 asks the face neighbours, 2 edges as well, 3 corners
 * as well. Outside the image is background, so that voxels at its edge are surface.
 */
export function voxelSurfaces(pair: CroppedPair, dims: 2 | 3, connectivity: 1 | 2 | 3): SurfacePair {
  const offsets = neighbourOffsets(pair.shape, dims, connectivity);
  const surface = connectivity === 1 ? markCross(pair, dims, offsets) : markGeneral(pair, offsets);
  return { prediction: positions(surface, 1), reference: positions(surface, 2) };
}

function neighbourOffsets(shape: readonly number[], dims: 2 | 3, connectivity: number): number[] {
  const offsets: number[] = [];
  for (const z of dims === 3 ? [-1, 0, 1] : [0]) {
    for (const y of [-1, 0, 1]) {
      for (const x of [-1, 0, 1]) {
        const steps = Math.abs(z) + Math.abs(y) + Math.abs(x);
        if (steps > 0 && steps <= connectivity) offsets.push((z * shape[1]! + y) * shape[2]! + x);
      }
    }
  }
  return offsets;
}

function markCross({ flags, shape }: CroppedPair, dims: 2 | 3, offsets: readonly number[]): Uint8Array {
  const surface = new Uint8Array(flags.length);
  const row = shape[2];
  // In an image the neighbours in z do not exist; asking a voxel for itself instead leaves the answer unchanged.
  const plane = dims === 3 ? shape[1] * shape[2] : 0;
  const reach = Math.max(...offsets);
  for (let i = reach; i < flags.length - reach; i++) {
    const flag = flags[i]!;
    if (flag === 0) continue;
    const inside =
      flags[i - 1]! & flags[i + 1]! & flags[i - row]! & flags[i + row]! & flags[i - plane]! & flags[i + plane]!;
    surface[i] = flag & ~inside;
  }
  return surface;
}

function markGeneral({ flags }: CroppedPair, offsets: readonly number[]): Uint8Array {
  const surface = new Uint8Array(flags.length);
  const reach = Math.max(...offsets);
  for (let i = reach; i < flags.length - reach; i++) {
    const flag = flags[i]!;
    if (flag === 0) continue;
    let inside = 3;
    for (let k = 0; k < offsets.length; k++) inside &= flags[i + offsets[k]!]!;
    surface[i] = flag & ~inside;
  }
  return surface;
}

function positions(surface: Uint8Array, bit: number): Int32Array {
  let count = 0;
  for (let i = 0; i < surface.length; i++) if (surface[i]! & bit) count++;
  const result = new Int32Array(count);
  for (let i = 0, n = 0; n < count; i++) if (surface[i]! & bit) result[n++] = i;
  return result;
}
