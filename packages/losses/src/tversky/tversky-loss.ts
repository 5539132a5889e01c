import { checkOption, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { activate, classSums, resolveSmooth, type Smooth } from '../dice/soft-dice-loss.ts';
import { resolveTarget } from '../internal/target.ts';

export interface TverskyLossOptions {
  /** Weight of false positives. Default 0.5 (with beta 0.5: Dice). */
  readonly alpha?: number;
  /** Weight of false negatives. Default 0.5. */
  readonly beta?: number;
  /** Default 'softmax'. */
  readonly activation?: 'softmax' | 'sigmoid' | 'none';
  /** Sum over the batch before taking the ratio. Default false. */
  readonly batchDice?: boolean;
  /** Whether class 0 counts. Default false with softmax, true otherwise. */
  readonly includeBackground?: boolean;
  /** Default 1e-5 for both. */
  readonly smooth?: Smooth;
  /** Voxels with this label count nowhere (label maps only). Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Tversky loss (Salehi et al. 2017): 1 - mean over samples and classes of (tp + smooth) / (tp + alpha fp + beta fn +
 * smooth) with soft counts, MONAI's `TverskyLoss`.
 *
 * @param logits [N, D, H, W, C]
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C]
 * @returns scalar in [0, 1]
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` or `unknown-option` for bad options.
 */
export function tverskyLoss(logits: tf.Tensor5D, target: tf.Tensor, options: TverskyLossOptions = {}): tf.Scalar {
  const where = 'tverskyLoss';
  const activation = checkOption(where, 'activation', options.activation ?? 'softmax', ['softmax', 'sigmoid', 'none']);
  const {
    alpha = 0.5,
    beta = 0.5,
    batchDice = false,
    ignoreLabel,
    includeBackground = activation !== 'softmax',
  } = options;
  const smooth = resolveSmooth(where, options.smooth ?? 1e-5);
  if (!(alpha >= 0 && beta >= 0) || (!includeBackground && logits.shape[4] < 2)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'alpha and beta must not be negative, and some class must remain',
      got: { alpha, beta, includeBackground, classes: logits.shape[4] },
    });
  }
  return tf.tidy(() => {
    const { y, counted } = resolveTarget(where, logits, target, ignoreLabel);
    const probabilities = activate(logits, activation);
    const p = counted ? tf.mul(probabilities, counted) : probabilities;
    const sums = (v: tf.Tensor) => classSums(v, batchDice, includeBackground);
    const hits = sums(tf.mul(p, y));
    const misses = tf.add(tf.mul(tf.sub(sums(p), hits), alpha), tf.mul(tf.sub(sums(y), hits), beta));
    const ratio = tf.div(tf.add(hits, smooth.numerator), tf.add(tf.add(hits, misses), smooth.denominator));
    return tf.sub(1, tf.mean(ratio)) as tf.Scalar;
  });
}
