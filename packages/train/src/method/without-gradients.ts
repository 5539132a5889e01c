import * as tf from '@tensorflow/tfjs-core';

/**
 * Computes a tensor that counts as a constant inside a loss: nothing in `compute` is recorded for gradients, so it may
 * use operations that have none (comparisons, sorting). For masks, pseudo-labels and weights made from predictions.
 */
export function withoutGradients<T extends tf.Tensor>(compute: () => T): T {
  const constant = tf.customGrad(() => ({ value: tf.clone(compute()), gradFunc: () => [] }));
  return constant() as T;
}
