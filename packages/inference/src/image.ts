import { SegError, type Triple } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';

/** Voxels as in a `Volume`: [C, D, H, W]. */
export interface InferenceImage {
  readonly data: Float32Array;
  readonly shape: Triple;
  /** Default 1. */
  readonly channels?: number;
}

/** An image whose voxel (z, y, x) of channel c lies at `offset(z, y, x) * voxelStride + c * channelStride`. */
export interface SourceImage {
  readonly data: Float32Array;
  readonly shape: Triple;
  readonly channels: number;
  readonly voxelStride: number;
  readonly channelStride: number;
}

/** Checks an image of either form; reads a tensor [D, H, W, C] or [1, D, H, W, C] back from its backend. */
export async function readImage(image: InferenceImage | tf.Tensor): Promise<SourceImage> {
  if ('dataId' in image) {
    const shape = image.shape.length === 5 && image.shape[0] === 1 ? image.shape.slice(1) : image.shape;
    if (shape.length !== 4) throw wrongShape('a tensor must be [D, H, W, C] or [1, D, H, W, C]', image.shape);
    const [depth, height, width, channels] = shape as [number, number, number, number];
    const data = Float32Array.from(await image.data());
    return { data, shape: [depth, height, width], channels, voxelStride: channels, channelStride: 1 };
  }
  const { data, shape, channels = 1 } = image;
  const voxels = shape.length === 3 ? shape[0] * shape[1] * shape[2] : Number.NaN;
  if (!(voxels > 0) || data.length !== voxels * channels) {
    throw wrongShape('the data does not fill the shape and channels', { length: data.length, shape, channels });
  }
  return { data, shape, channels, voxelStride: 1, channelStride: voxels };
}

function wrongShape(problem: string, got: unknown): SegError {
  return new SegError('shape-mismatch', { where: 'slidingWindowInference', problem, got });
}

/**
 * Writes one window of the padded image to `target` as [d, h, w, C], mirrored along the flipped axes; what lies outside
 * of the image becomes `padValue`.
 *
 * @param start first voxel of the window in the image's own indices; negative in the padding.
 */
export function copyWindow(
  image: SourceImage,
  start: Triple,
  windowShape: Triple,
  flips: readonly boolean[],
  padValue: number,
  target: Float32Array,
): void {
  const { data, shape, channels, voxelStride, channelStride } = image;
  const [depth, height, width] = windowShape;
  target.fill(padValue);
  for (let z = 0; z < depth; z++) {
    const sourceZ = start[0] + (flips[0] ? depth - 1 - z : z);
    if (sourceZ < 0 || sourceZ >= shape[0]) continue;
    for (let y = 0; y < height; y++) {
      const sourceY = start[1] + (flips[1] ? height - 1 - y : y);
      if (sourceY < 0 || sourceY >= shape[1]) continue;
      const row = (sourceZ * shape[1] + sourceY) * shape[2];
      let to = (z * height + y) * width * channels;
      for (let x = 0; x < width; x++) {
        const sourceX = start[2] + (flips[2] ? width - 1 - x : x);
        if (sourceX < 0 || sourceX >= shape[2]) to += channels;
        else {
          const from = (row + sourceX) * voxelStride;
          for (let c = 0; c < channels; c++) target[to++] = data[from + c * channelStride]!;
        }
      }
    }
  }
}
