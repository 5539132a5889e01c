import { PositionList } from '../numeric/position-list.ts';
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
  const [prediction, reference] = [new PositionList(), new PositionList()];
  if (connectivity === 1) collectCross(pair, dims, prediction, reference);
  else collectGeneral(pair, offsets, prediction, reference);
  return { prediction: prediction.positions(), reference: reference.positions() };
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

function collectCross({ flags, shape }: CroppedPair, dims: 2 | 3, first: PositionList, second: PositionList): void {
  const [depth, height, width] = shape;
  // In an image the neighbours in z do not exist; asking a voxel for itself instead leaves the answer unchanged.
  const plane = dims === 3 ? height * width : 0;
  for (let z = 1; z < depth - 1; z++) {
    for (let y = 1; y < height - 1; y++) {
      const start = (z * height + y) * width;
      const [a, b] = [first.reserve(width), second.reserve(width)];
      let [n, m] = [first.length, second.length];
      let before = 0;
      let here = 0;
      for (let i = start + 1; i < start + width; i++) {
        const after = flags[i]!;
        if (here !== 0) {
          const at = i - 1;
          const beside = flags[at - width]! & flags[at + width]! & flags[at - plane]! & flags[at + plane]!;
          const surface = here & ~(before & after & beside);
          a[n] = at;
          n += surface & 1;
          b[m] = at;
          m += surface >> 1;
        }
        before = here;
        here = after;
      }
      [first.length, second.length] = [n, m];
    }
  }
}

function collectGeneral(
  { flags, shape }: CroppedPair,
  offsets: readonly number[],
  first: PositionList,
  second: PositionList,
): void {
  const [depth, height, width] = shape;
  for (let z = 1; z < depth - 1; z++) {
    for (let y = 1; y < height - 1; y++) {
      const start = (z * height + y) * width;
      const [a, b] = [first.reserve(width), second.reserve(width)];
      for (let i = start + 1; i < start + width - 1; i++) {
        const flag = flags[i]!;
        if (flag === 0) continue;
        let inside = 3;
        for (let k = 0; k < offsets.length; k++) inside &= flags[i + offsets[k]!]!;
        if (flag & ~inside & 1) a[first.length++] = i;
        if (flag & ~inside & 2) b[second.length++] = i;
      }
    }
  }
}
