import { type Affine, createVolume, SegError, type Triple, type Volume, type VoxelArray } from '@seg/core';
import { newVoxels } from './new-voxels.ts';

/** A box of voxels, (z, y, x) order. */
export interface VoxelBox {
  /** First voxel; may be negative where a box reaches out of the volume. */
  readonly start: Triple;
  readonly shape: Triple;
}

/**
 * The voxels of a box that may reach out of the volume; what lies outside is filled.
 *
 * Cutting a result's own box `{ start: -start, shape: volume.shape }` out again undoes it for all voxels in the box.
 *
 * @param options.value fill value. Default 0.
 * @returns a new volume, or the input itself where the box is the whole of it.
 */
export function extractBox<T extends VoxelArray>(
  volume: Volume<T>,
  { start, shape }: VoxelBox,
  options: { readonly value?: number } = {},
): Volume<T> {
  if (!start.every(Number.isInteger) || !shape.every((n) => Number.isInteger(n) && n > 0)) {
    throw new SegError('invalid-argument', {
      where: 'extractBox',
      problem: 'a box needs integer starts and positive sizes',
      got: { start, shape },
    });
  }
  if (start.every((s) => s === 0) && shape.join() === volume.shape.join()) return volume;
  const { data, channels } = volume;
  const [depth, height, width] = volume.shape;
  const result = newVoxels(data, channels * shape[0] * shape[1] * shape[2]);
  if (options.value) result.fill(options.value);
  const x0 = Math.max(0, start[2]);
  const x1 = Math.min(width, start[2] + shape[2]);
  if (x1 > x0) {
    for (let channel = 0; channel < channels; channel++) {
      for (let z = Math.max(0, start[0]); z < Math.min(depth, start[0] + shape[0]); z++) {
        for (let y = Math.max(0, start[1]); y < Math.min(height, start[1] + shape[1]); y++) {
          const input = ((channel * depth + z) * height + y) * width;
          const output = ((channel * shape[0] + z - start[0]) * shape[1] + y - start[1]) * shape[2] - start[2];
          result.set(data.subarray(input + x0, input + x1), output + x0);
        }
      }
    }
  }
  const affine = shiftAffine(volume.affine, start);
  return createVolume(result, shape, { channels, spacingMm: volume.spacingMm, affine });
}

/**
 * The voxels of a box inside the volume.
 *
 * @throws SegError `invalid-argument` where the box reaches out of the volume (`extractBox` fills instead).
 */
export function crop<T extends VoxelArray>(volume: Volume<T>, box: VoxelBox): Volume<T> {
  if (!box.start.every((s, axis) => s >= 0 && s + box.shape[axis]! <= volume.shape[axis]!)) {
    throw new SegError('invalid-argument', {
      where: 'crop',
      problem: 'the box reaches out of the volume',
      got: box,
      expected: `inside ${JSON.stringify(volume.shape)}`,
      hint: 'Use extractBox or cropOrPad to fill what lies outside.',
    });
  }
  return extractBox(volume, box);
}

export interface PadOptions {
  /** Voxels to add in front, (z, y, x). Default 0. */
  readonly before?: Triple;
  /** Voxels to add behind, (z, y, x). Default 0. */
  readonly after?: Triple;
  /** Fill value. Default 0. */
  readonly value?: number;
}

/** The volume with voxels of one value added around it. */
export function pad<T extends VoxelArray>(volume: Volume<T>, options: PadOptions): Volume<T> {
  const { before = [0, 0, 0], after = [0, 0, 0], value = 0 } = options;
  if (![...before, ...after].every((n) => Number.isInteger(n) && n >= 0)) {
    throw new SegError('invalid-argument', {
      where: 'pad',
      problem: 'before and after must be integers >= 0',
      got: { before, after },
      hint: 'Use crop to remove voxels.',
    });
  }
  return extractBox(volume, paddedBox(volume.shape, before, after), { value });
}

function paddedBox(shape: Triple, before: Triple, after: Triple): VoxelBox {
  const size = (axis: 0 | 1 | 2) => before[axis] + shape[axis] + after[axis];
  return { start: [-before[0] || 0, -before[1] || 0, -before[2] || 0], shape: [size(0), size(1), size(2)] };
}

/**
 * The volume cut or filled to a shape about its centre; of an odd difference the extra voxel is at the end.
 *
 * @param options.value fill value. Default 0.
 */
export function cropOrPad<T extends VoxelArray>(
  volume: Volume<T>,
  shape: Triple,
  options: { readonly value?: number } = {},
): Volume<T> {
  return extractBox(volume, centredBox(volume.shape, shape), options);
}

/** The box of this shape about the centre of a volume. */
export function centredBox(volumeShape: Triple, shape: Triple): VoxelBox {
  const start = (axis: 0 | 1 | 2) => {
    const difference = volumeShape[axis] - shape[axis];
    return difference >= 0 ? Math.floor(difference / 2) : -Math.floor(-difference / 2) || 0;
  };
  return { start: [start(0), start(1), start(2)], shape };
}

/** The affine of a grid that starts at another voxel (z, y, x) of the same grid. */
export function shiftAffine(affine: Affine, [z, y, x]: Triple): Affine {
  const result = affine.slice();
  for (let row = 0; row < 3; row++) {
    result[4 * row + 3] =
      affine[4 * row]! * x + affine[4 * row + 1]! * y + affine[4 * row + 2]! * z + affine[4 * row + 3]!;
  }
  return result;
}
