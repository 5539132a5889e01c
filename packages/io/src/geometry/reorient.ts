import { createVolume, type Triple, type Volume, type VoxelArray } from '@seg/core';
import { newVoxels } from './new-voxels.ts';
import { axisCodesOf, orientationOf, parseAxisCodes } from './orientation.ts';

/**
 * The same volume with its axes permuted and flipped so that they run as the codes say ("RAS": x to the right, y to the
 * front, z to the head); nothing is interpolated, and `reorient(result, axisCodesOf(volume.affine))` undoes it.
 *
 * @returns a new volume, or the input itself where its axes run so already.
 * @throws SegError `invalid-argument` for codes that name no orientation.
 * @example
 * const canonical = reorient(volume, 'RAS');
 */
export function reorient<T extends VoxelArray>(volume: Volume<T>, axisCodes: string): Volume<T> {
  const target = parseAxisCodes('reorient', axisCodes);
  const source = orientationOf(volume.affine);
  // For output axis x, y, z: the input axis (0 = x) it is taken from and whether it is walked backwards.
  const from = target.map((t) => source.findIndex((s) => s.worldAxis === t.worldAxis));
  const flipped = target.map((t, axis) => t.sign !== source[from[axis]!]!.sign);
  if (from.every((axis, i) => axis === i) && !flipped.includes(true)) return volume;
  const sizes = [volume.shape[2], volume.shape[1], volume.shape[0]];
  const strides = [1, sizes[0]!, sizes[0]! * sizes[1]!];
  const outSizes = from.map((axis) => sizes[axis]!) as unknown as Triple;
  const steps = from.map((axis, i) => (flipped[i] ? -strides[axis]! : strides[axis]!)) as unknown as Triple;
  const start = from.reduce((sum, axis, i) => sum + (flipped[i] ? strides[axis]! * (sizes[axis]! - 1) : 0), 0);
  const shape: Triple = [outSizes[2], outSizes[1], outSizes[0]];
  const spacing = [volume.spacingMm[2], volume.spacingMm[1], volume.spacingMm[0]];
  return createVolume(copyStrided(volume, outSizes, steps, start), shape, {
    channels: volume.channels,
    spacingMm: [spacing[from[2]!]!, spacing[from[1]!]!, spacing[from[0]!]!],
    affine: permuteAffine(volume.affine, from, flipped, sizes),
  });
}

/** `reorient(volume, 'RAS')`: the closest canonical orientation, as nibabel's `as_closest_canonical`. */
export function toCanonical<T extends VoxelArray>(volume: Volume<T>): Volume<T> {
  return axisCodesOf(volume.affine) === 'RAS' ? volume : reorient(volume, 'RAS');
}

function permuteAffine(
  affine: readonly number[],
  from: readonly number[],
  flipped: readonly boolean[],
  sizes: readonly number[],
) {
  const result = affine.slice();
  for (let row = 0; row < 3; row++) {
    let offset = affine[4 * row + 3]!;
    for (let axis = 0; axis < 3; axis++) {
      const column = affine[4 * row + from[axis]!]!;
      if (flipped[axis]) offset += column * (sizes[from[axis]!]! - 1);
      result[4 * row + axis] = flipped[axis] ? -column || 0 : column;
    }
    result[4 * row + 3] = offset;
  }
  return result;
}

/** Side of the tiles in which axes are exchanged: 32 rows of 32 voxels stay in the first-level cache. */
const TILE = 32;

function copyStrided<T extends VoxelArray>(volume: Volume<T>, sizes: Triple, steps: Triple, start: number): T {
  const { data, channels } = volume;
  const result = newVoxels(data, data.length);
  const [nx, ny, nz] = sizes;
  const [sx, sy, sz] = steps;
  const perChannel = nx * ny * nz;
  // The output's other axis that is walked in steps of one in the input shares the tiles with x.
  const partner = Math.abs(sy) < Math.abs(sz) ? 1 : 2;
  const [tiled, outer] = partner === 1 ? [ny, nz] : [nz, ny];
  const [tiledStep, outerStep] = partner === 1 ? [sy, sz] : [sz, sy];
  const [tiledOut, outerOut] = partner === 1 ? [nx, nx * ny] : [nx * ny, nx];
  for (let channel = 0; channel < channels; channel++) {
    const base = channel * perChannel;
    for (let o = 0; o < outer; o++) {
      for (let t0 = 0; t0 < tiled; t0 += TILE) {
        const t1 = Math.min(tiled, t0 + TILE);
        for (let x0 = 0; x0 < nx; x0 += TILE) {
          const x1 = Math.min(nx, x0 + TILE);
          for (let t = t0; t < t1; t++) {
            let input = base + start + o * outerStep + t * tiledStep + x0 * sx;
            let output = base + o * outerOut + t * tiledOut + x0;
            for (let x = x0; x < x1; x++, output++, input += sx) result[output] = data[input]!;
          }
        }
      }
    }
  }
  return result;
}
