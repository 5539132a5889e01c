import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { divideBySum, resolveTarget } from '../internal/target.ts';

export interface BinaryCrossEntropyLossOptions {
  /** Factor on the loss of positive voxels, one a channel (PyTorch's `pos_weight`). Default: all 1. */
  readonly positiveWeights?: readonly number[];
  /** Broadcastable to the logits, such as [N, 1, 1, 1, C] to leave channels out: multiplies every term; not in the divisor. */
  readonly weightMap?: tf.Tensor;
  /** Voxels with this label count nowhere (label maps only). Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Sigmoid cross-entropy of every channel by itself, averaged over the voxels that count and the channels: PyTorch's
 * `binary_cross_entropy_with_logits`. For regions that may overlap. No voxel that counts: 0.
 *
 * @param logits [N, D, H, W, C]
 * @param target probabilities [N, D, H, W, C], or a label map [N, D, H, W] (0 and 1 for one channel, else one-hot)
 * @returns scalar
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` for bad weights.
 */
export function binaryCrossEntropyLoss(
  logits: tf.Tensor5D,
  target: tf.Tensor,
  options: BinaryCrossEntropyLossOptions = {},
): tf.Scalar {
  const where = 'binaryCrossEntropyLoss';
  const { positiveWeights, weightMap, ignoreLabel } = options;
  return tf.tidy(() => {
    const { y, counted } = resolveTarget(where, logits, target, ignoreLabel);
    if (positiveWeights && (positiveWeights.length !== logits.shape[4] || positiveWeights.some((w) => !(w >= 0)))) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'positiveWeights must be non-negative, one a channel',
        got: positiveWeights,
      });
    }
    const positive = tf.mul(y, tf.softplus(tf.neg(logits)));
    const weighted = positiveWeights ? tf.mul(positive, tf.tensor1d([...positiveWeights])) : positive;
    const terms = tf.add(weighted, tf.mul(tf.sub(counted ?? 1, y), tf.softplus(logits)));
    const mapped = weightMap ? tf.mul(terms, weightMap) : terms;
    if (counted === undefined) return tf.mean(mapped) as tf.Scalar;
    return divideBySum(tf.sum(mapped), tf.mul(tf.sum(counted), logits.shape[4]));
  });
}
