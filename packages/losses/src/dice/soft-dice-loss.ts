import { checkOption, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { resolveTarget } from '../internal/target.ts';

/** Added to numerator and denominator of a Dice-like ratio; one number for both. */
export type Smooth = number | { readonly numerator: number; readonly denominator: number };

export interface SoftDiceLossOptions {
  /** What turns logits into probabilities; 'none' if they are already. Default 'softmax'. */
  readonly activation?: 'softmax' | 'sigmoid' | 'none';
  /** Sum over the batch before taking the ratio, rather than one Dice a sample. Default false. */
  readonly batchDice?: boolean;
  /** Whether class 0 counts. Default false with softmax, true otherwise. */
  readonly includeBackground?: boolean;
  /** Default 1e-5 for both. */
  readonly smooth?: Smooth;
  /** Squares in the denominator, as in V-Net (Milletari et al. 2016). Default false. */
  readonly squared?: boolean;
  /** Voxels with this label count nowhere (label maps only). Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Soft Dice loss: 1 - mean over samples and classes of (2 sum p y + smooth) / (sum p + sum y + smooth), MONAI's
 * `DiceLoss` (Milletari et al. 2016, with `squared` in its original form).
 *
 * A class that neither target nor prediction has counts as 0 loss through `smooth`.
 *
 * @param logits [N, D, H, W, C]
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C]
 * @returns scalar in [0, 1]
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` or `unknown-option` for bad options.
 */
export function softDiceLoss(logits: tf.Tensor5D, target: tf.Tensor, options: SoftDiceLossOptions = {}): tf.Scalar {
  const where = 'softDiceLoss';
  const activation = checkOption(where, 'activation', options.activation ?? 'softmax', ['softmax', 'sigmoid', 'none']);
  const { batchDice = false, squared = false, ignoreLabel, includeBackground = activation !== 'softmax' } = options;
  const smooth = resolveSmooth(where, options.smooth ?? 1e-5);
  if (!includeBackground && logits.shape[4] < 2) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'one channel and no background leave no class',
      got: logits.shape,
      hint: "For a single channel use activation 'sigmoid' with the background included.",
    });
  }
  return tf.tidy(() => {
    const { y, counted } = resolveTarget(where, logits, target, ignoreLabel);
    const probabilities = activate(logits, activation);
    const p = counted ? tf.mul(probabilities, counted) : probabilities;
    const sums = (v: tf.Tensor) => classSums(v, batchDice, includeBackground);
    const size = (v: tf.Tensor) => sums(squared ? tf.square(v) : v);
    const numerator = tf.add(tf.mul(sums(tf.mul(p, y)), 2), smooth.numerator);
    const denominator = tf.add(tf.add(size(p), size(y)), smooth.denominator);
    return tf.sub(1, tf.mean(tf.div(numerator, denominator))) as tf.Scalar;
  });
}

/** Probabilities of logits. */
export function activate(logits: tf.Tensor5D, activation: 'softmax' | 'sigmoid' | 'none'): tf.Tensor5D {
  if (activation === 'softmax') return tf.softmax(logits);
  return activation === 'sigmoid' ? tf.sigmoid(logits) : logits;
}

/** Sums over voxels, [N, C'] (or [1, C'] over the batch), without class 0 unless wanted. */
export function classSums(v: tf.Tensor, batch: boolean, includeBackground: boolean): tf.Tensor {
  const sums = batch ? tf.expandDims(tf.sum(v, [0, 1, 2, 3]), 0) : tf.sum(v, [1, 2, 3]);
  return includeBackground ? sums : tf.slice(sums, [0, 1]);
}

/** Checks a smoothing option and gives both terms. */
export function resolveSmooth(where: string, smooth: Smooth): { numerator: number; denominator: number } {
  const both = typeof smooth === 'number' ? { numerator: smooth, denominator: smooth } : smooth;
  if (both.numerator >= 0 && both.denominator >= 0) return both;
  throw new SegError('invalid-argument', { where, problem: 'smooth must not be negative', got: smooth });
}
