// The few formulas that the sketches share; the packages hold the full versions.
import * as tf from '@tensorflow/tfjs-core';

/** Cross-entropy of each voxel, [N, D, H, W]. */
export function voxelCrossEntropy(logits: tf.Tensor5D, label: tf.Tensor4D): tf.Tensor4D {
  const target = tf.oneHot(label, logits.shape[4]);
  return tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 4) as tf.Tensor4D);
}

export function crossEntropy(logits: tf.Tensor5D, label: tf.Tensor4D): tf.Tensor {
  return tf.mean(voxelCrossEntropy(logits, label));
}

export function addNoise(x: tf.Tensor5D, sigma: number, seed: number): tf.Tensor5D {
  return tf.add(x, tf.clipByValue(tf.randomNormal(x.shape, 0, sigma, 'float32', seed), -2 * sigma, 2 * sigma));
}

export function slice(x: tf.Tensor5D, begin: number, size: number): tf.Tensor5D {
  return tf.slice(x, [begin, 0, 0, 0, 0], [size, -1, -1, -1, -1]);
}
