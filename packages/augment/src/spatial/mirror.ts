import { SegError, type Triple, voxelCount } from '@seg/core';
import { countChannels } from '../patch.ts';

/**
 * Reverses a [C, D, H, W] array along some axes (0 = z, 1 = y, 2 = x); a new array.
 *
 * Mirroring exchanges left and right: do not mirror the x axis where a label means one side of the body.
 */
export function mirror<T extends Float32Array | Uint8Array>(data: T, shape: Triple, axes: readonly number[]): T {
  const channels = countChannels('mirror', 'array', data.length, shape);
  if (!axes.every((axis) => axis === 0 || axis === 1 || axis === 2)) {
    throw new SegError('invalid-argument', {
      where: 'mirror',
      problem: 'axes must be 0 (z), 1 (y) or 2 (x)',
      got: axes,
    });
  }
  const [depth, height, width] = shape;
  const output = data.slice() as T;
  const [flipZ, flipY, flipX] = [axes.includes(0), axes.includes(1), axes.includes(2)];
  if (!flipZ && !flipY && !flipX) return output;
  const voxels = voxelCount(shape);
  for (let c = 0; c < channels; c++) {
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const from = c * voxels + ((flipZ ? depth - 1 - z : z) * height + (flipY ? height - 1 - y : y)) * width;
        const to = c * voxels + (z * height + y) * width;
        if (flipX) for (let x = 0; x < width; x++) output[to + x] = data[from + width - 1 - x]!;
        else output.set(data.subarray(from, from + width), to);
      }
    }
  }
  return output;
}
