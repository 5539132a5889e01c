import type { Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

export interface RandomNormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Default 1. */
  readonly standardDeviation?: number;
}

/**
 * A float32 tensor of independent normal numbers: reparameterised weights, noisy inputs, latents. Unlike
 * `tf.randomNormal` it takes its numbers from a generator of ours, so the same state gives the same tensor everywhere.
 *
 * @param shape any rank; a size of 0 gives an empty tensor.
 * @param rng drawn from, and so moved on.
 * @returns a new tensor; the caller disposes it.
 */
export function randomNormal<R extends tf.Rank>(
  shape: tf.ShapeMap[R],
  rng: Rng,
  options: RandomNormalOptions = {},
): tf.Tensor<R> {
  const { mean = 0, standardDeviation = 1 } = options;
  const size = (shape as readonly number[]).reduce((a, b) => a * b, 1);
  return tf.tensor(rng.fillNormal(new Float32Array(size), mean, standardDeviation), shape, 'float32');
}
