import { checkOption, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { activate, classSums, resolveSmooth, type Smooth } from '../dice/soft-dice-loss.ts';
import { resolveTarget } from '../internal/target.ts';

export interface GeneralizedDiceLossOptions {
  /** Weight of a class: 1 / volume^2, 1 / volume, or all alike. Default 'square'. */
  readonly weight?: 'square' | 'simple' | 'uniform';
  /** Default 'softmax'. */
  readonly activation?: 'softmax' | 'sigmoid' | 'none';
  /** Volumes and sums over the batch rather than per sample. Default false. */
  readonly batchDice?: boolean;
  /** Whether class 0 counts. Default true. */
  readonly includeBackground?: boolean;
  /** Default 1e-5 for both. */
  readonly smooth?: Smooth;
  /** Voxels with this label count nowhere (label maps only). Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Generalised Dice loss (Sudre et al. 2017): 1 - (2 sum_c w_c overlap_c + smooth) / (sum_c w_c (sum p + sum y) + smooth),
 * averaged over samples. A class absent from the target takes the largest finite weight, as in MONAI.
 *
 * @param logits [N, D, H, W, C]
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C]
 * @returns scalar in [0, 1]
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` or `unknown-option` for bad options.
 */
export function generalizedDiceLoss(
  logits: tf.Tensor5D,
  target: tf.Tensor,
  options: GeneralizedDiceLossOptions = {},
): tf.Scalar {
  const where = 'generalizedDiceLoss';
  const { batchDice = false, includeBackground = true, ignoreLabel } = options;
  const weight = checkOption(where, 'weight', options.weight ?? 'square', ['square', 'simple', 'uniform']);
  const activation = checkOption(where, 'activation', options.activation ?? 'softmax', ['softmax', 'sigmoid', 'none']);
  const smooth = resolveSmooth(where, options.smooth ?? 1e-5);
  if (!includeBackground && logits.shape[4] < 2) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'one channel and no background leave no class',
      got: logits.shape,
    });
  }
  return tf.tidy(() => {
    const { y, counted } = resolveTarget(where, logits, target, ignoreLabel);
    const probabilities = activate(logits, activation);
    const p = counted ? tf.mul(probabilities, counted) : probabilities;
    const sums = (v: tf.Tensor) => classSums(v, batchDice, includeBackground);
    const volumes = sums(y);
    const weights = classWeights(volumes, weight);
    const over = (v: tf.Tensor) => tf.sum(tf.mul(v, weights), 1);
    const numerator = tf.add(tf.mul(over(sums(tf.mul(p, y))), 2), smooth.numerator);
    const denominator = tf.add(over(tf.add(sums(p), volumes)), smooth.denominator);
    return tf.sub(1, tf.mean(tf.div(numerator, denominator))) as tf.Scalar;
  });
}

function classWeights(volumes: tf.Tensor, kind: 'square' | 'simple' | 'uniform'): tf.Tensor {
  if (kind === 'uniform') return tf.onesLike(volumes);
  // Steps and quotients by what is never 0 have gradients by a soft target; tfjs's `equal` and `divNoNan` have none.
  const present = tf.step(volumes);
  const absent = tf.sub(1, present);
  const inverse = tf.div(present, tf.add(kind === 'square' ? tf.square(volumes) : volumes, absent));
  return tf.add(inverse, tf.mul(absent, tf.max(inverse, 1, true)));
}
