import { type Triple, type Volume, type VoxelArray, voxelCount } from '@seg/core';
import { crop, type VoxelBox } from './crop-pad.ts';

/**
 * The smallest box that holds every voxel that is not zero in any channel (NaN counts as zero), or undefined where all
 * are zero.
 *
 * @param options.margin voxels to add on each side where there are any. Default 0.
 */
export function nonzeroBox(volume: Volume, options: { readonly margin?: number } = {}): VoxelBox | undefined {
  const { data, channels, shape } = volume;
  const { margin = 0 } = options;
  const [depth, height, width] = shape;
  const low = [depth, height, width];
  const high = [-1, -1, -1];
  for (let channel = 0, row = 0; channel < channels; channel++) {
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++, row += width) {
        let first = 0;
        // `!value` is true of 0 and NaN.
        while (first < width && !data[row + first]) first++;
        if (first === width) continue;
        let last = width - 1;
        while (!data[row + last]) last--;
        if (z < low[0]!) low[0] = z;
        if (z > high[0]!) high[0] = z;
        if (y < low[1]!) low[1] = y;
        if (y > high[1]!) high[1] = y;
        if (first < low[2]!) low[2] = first;
        if (last > high[2]!) high[2] = last;
      }
    }
  }
  if (high[0]! < 0) return undefined;
  const start = low.map((value) => Math.max(0, value - margin));
  const size = high.map((value, axis) => Math.min(shape[axis]! - 1, value + margin) - start[axis]! + 1);
  return { start: start as unknown as Triple, shape: size as unknown as Triple };
}

/**
 * The volume cut to its voxels that are not zero, and the box in the input; a volume of zeros is returned whole.
 *
 * @param options.margin as in `nonzeroBox`.
 */
export function cropToNonzero<T extends VoxelArray>(
  volume: Volume<T>,
  options: { readonly margin?: number } = {},
): { readonly volume: Volume<T>; readonly box: VoxelBox } {
  const box = nonzeroBox(volume, options) ?? { start: [0, 0, 0], shape: volume.shape };
  return { volume: crop(volume, box), box };
}

/**
 * 1 where any channel is not zero and in holes that such voxels enclose (6-neighbourhood), 0 elsewhere: nnU-Net's mask
 * of the part of the image that holds anything.
 */
export function nonzeroMask(volume: Volume): Uint8Array {
  const { data, channels, shape } = volume;
  const voxels = voxelCount(shape);
  const mask = new Uint8Array(voxels);
  for (let channel = 0; channel < channels; channel++) {
    const offset = channel * voxels;
    for (let i = 0; i < voxels; i++) if (data[offset + i]) mask[i] = 1;
  }
  return fillHoles(mask, shape);
}

const OUTSIDE = 2;

/** Turns zeros that no path through faces joins with the border into ones, in place. */
function fillHoles(mask: Uint8Array, [depth, height, width]: Triple): Uint8Array {
  const plane = height * width;
  let stack = new Int32Array(Math.max(64, 2 * (plane + depth * (height + width))));
  let size = 0;
  const visit = (i: number) => {
    if (mask[i] !== 0) return;
    mask[i] = OUTSIDE;
    if (size === stack.length) {
      const larger = new Int32Array(2 * size);
      larger.set(stack);
      stack = larger;
    }
    stack[size++] = i;
  };
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const row = z * plane + y * width;
      const step = z === 0 || z === depth - 1 || y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
      for (let x = 0; x < width; x += step) visit(row + x);
    }
  }
  while (size > 0) {
    const i = stack[--size]!;
    const x = i % width;
    const y = ((i - x) / width) % height;
    if (x > 0) visit(i - 1);
    if (x < width - 1) visit(i + 1);
    if (y > 0) visit(i - width);
    if (y < height - 1) visit(i + width);
    if (i >= plane) visit(i - plane);
    if (i < mask.length - plane) visit(i + plane);
  }
  for (let i = 0; i < mask.length; i++) mask[i] = mask[i] === OUTSIDE ? 0 : 1;
  return mask;
}
