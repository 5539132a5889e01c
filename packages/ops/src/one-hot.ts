import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * One channel per class: 1 where the label map has that class, else 0. Labels outside 0 .. classes - 1 (an ignore
 * label) give zeros in every channel. Not differentiable.
 *
 * @param labels int32 (or whole-number float32) [N, D, H, W]
 * @param classes number of channels, at least 1
 * @returns float32 [N, D, H, W, classes]
 */
export function oneHot(labels: tf.Tensor, classes: number): tf.Tensor5D {
  if (labels?.rank !== 4) {
    throw new SegError('shape-mismatch', {
      where: 'oneHot',
      problem: 'labels must be [N, D, H, W]',
      got: labels?.shape,
    });
  }
  if (!Number.isInteger(classes) || classes < 1) {
    throw new SegError('invalid-argument', {
      where: 'oneHot',
      problem: 'classes must be a positive integer',
      got: classes,
    });
  }
  // Cast afterwards: tfjs 4.22's wasm kernel writes the bits of an integer 1 into a float32 result.
  return tf.tidy(() => tf.cast(tf.oneHot(tf.cast(labels, 'int32'), classes), 'float32')) as tf.Tensor5D;
}
