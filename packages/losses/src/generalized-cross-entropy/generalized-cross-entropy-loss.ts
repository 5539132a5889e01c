import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { divideBySum, resolveTarget } from '../internal/target.ts';

export interface GeneralizedCrossEntropyLossOptions {
  /** In (0, 1]: towards 0 cross-entropy, 1 mean absolute error (robust to noisy labels, slow to learn). Default 0.7. */
  readonly q?: number;
  /** Voxels with this label count nowhere (label maps only). Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Generalised cross-entropy (Zhang and Sabuncu 2018, eq. 6): (1 - p_y^q) / q, averaged over the voxels that count.
 *
 * @param logits [N, D, H, W, C]
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C] (the loss averaged over them)
 * @returns scalar in [0, 1 / q]
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` for q outside (0, 1].
 */
export function generalizedCrossEntropyLoss(
  logits: tf.Tensor5D,
  target: tf.Tensor,
  options: GeneralizedCrossEntropyLossOptions = {},
): tf.Scalar {
  const where = 'generalizedCrossEntropyLoss';
  const { q = 0.7, ignoreLabel } = options;
  if (!(q > 0 && q <= 1)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'q is out of range',
      got: q,
      expected: '(0, 1]',
      hint: 'For q = 0 use crossEntropyLoss.',
    });
  }
  return tf.tidy(() => {
    const { y, counted } = resolveTarget(where, logits, target, ignoreLabel);
    const power = tf.exp(tf.mul(tf.logSoftmax(logits), q));
    const sum = tf.sum(tf.mul(y, tf.div(tf.sub(1, power), q)));
    const voxels = counted ? tf.sum(counted) : tf.scalar(logits.size / logits.shape[4]);
    return divideBySum(sum, voxels);
  });
}
