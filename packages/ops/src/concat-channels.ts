import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkRank5 } from './internal/checks.ts';

/**
 * Joins tensors along the channels, in the order given.
 *
 * @param tensors at least one, [N, D, H, W, Ci], alike but for Ci
 * @returns [N, D, H, W, sum of Ci]
 * @throws SegError `shape-mismatch` when they differ in another axis.
 */
export function concatChannels(tensors: readonly tf.Tensor5D[]): tf.Tensor5D {
  const first = tensors[0];
  for (const x of tensors) checkRank5('concatChannels', 'each input', x);
  const alike = tensors.every((x) => x.shape.slice(0, 4).join() === first?.shape.slice(0, 4).join());
  if (first === undefined || !alike) {
    throw new SegError('shape-mismatch', {
      where: 'concatChannels',
      problem: 'inputs must agree in batch and size',
      got: tensors.map((x) => x.shape),
      hint: 'Use patch sizes that every stage can halve, or crop.',
    });
  }
  return tf.concat(tensors as tf.Tensor5D[], 4);
}
