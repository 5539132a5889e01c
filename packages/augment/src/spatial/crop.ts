import { SegError, type Triple, voxelCount } from '@seg/core';
import { countChannels } from '../patch.ts';

/**
 * The middle of a [C, D, H, W] array; where the sizes differ by an odd number, half a voxel before the middle. A new
 * array.
 *
 * @throws SegError `invalid-argument` when the output is larger than the input.
 */
export function cropCentre<T extends Float32Array | Uint8Array>(data: T, shape: Triple, outputShape: Triple): T {
  const channels = countChannels('cropCentre', 'array', data.length, shape);
  if (outputShape.some((n, i) => !(n >= 1 && n <= shape[i]!))) {
    throw new SegError('invalid-argument', {
      where: 'cropCentre',
      problem: 'the output must fit into the input',
      got: { shape, outputShape },
    });
  }
  if (outputShape.join() === shape.join()) return data.slice() as T;
  const [offsetZ, offsetY, offsetX] = outputShape.map((n, i) => Math.floor((shape[i]! - n) / 2)) as unknown as Triple;
  const [depth, height, width] = outputShape;
  const ArrayType = data.constructor as new (length: number) => T;
  const output = new ArrayType(channels * voxelCount(outputShape));
  let to = 0;
  for (let c = 0; c < channels; c++) {
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const from = ((c * shape[0] + z + offsetZ) * shape[1] + y + offsetY) * shape[2] + offsetX;
        output.set(data.subarray(from, from + width), to);
        to += width;
      }
    }
  }
  return output;
}
