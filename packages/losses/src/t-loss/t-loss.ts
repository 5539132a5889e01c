import { checkOption, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { resolveTarget } from '../internal/target.ts';
import { digammaRise, log1pGap, logGammaRise } from './gamma-functions.ts';
import { log1pTensor } from './log1p-tensors.ts';

export interface TLossOptions {
  /** Degrees of freedom, above 0: small ones forgive wrong labels. Learnt along with the network; see `tLossNuGradient`. */
  readonly nu: number;
  /**
   * `'paper'`: the formula as published; `'released'`: the published code, whose constant log-precision of 1 multiplies
   * the squared error by e and subtracts D / 2. Default 'paper'.
   */
  readonly form?: 'paper' | 'released';
  /** Divide by the number of values D, without which the loss grows with the image. Default true. */
  readonly perVoxel?: boolean;
}

/**
 * T-loss (Gonzalez-Jimenez et al. 2023): the negative log-likelihood of each image's error vector under a multivariate
 * Student-t distribution, averaged over the batch. With s the squared error of the D foreground probabilities,
 * -lnG((nu + D) / 2) + lnG(nu / 2) + (D / 2) ln(pi nu) + ((nu + D) / 2) ln(1 + s / nu).
 *
 * Gamma terms are computed in float64 and are constants for the tape; the gradient by nu is `tLossNuGradient`.
 *
 * @param logits [N, D, H, W, C]: softmax without background, or the sigmoid of a single channel
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C]
 * @returns scalar
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` unless nu > 0.
 */
export function tLoss(logits: tf.Tensor5D, target: tf.Tensor, options: TLossOptions): tf.Scalar {
  return tf.tidy(() => {
    const squares = tLossSquares(logits, target);
    return tLossFromSquares(squares, tLossDimension(logits), options);
  });
}

/** The squared error s of each image, [N]: all that the T-loss needs of network and target. */
export function tLossSquares(logits: tf.Tensor5D, target: tf.Tensor): tf.Tensor1D {
  return tf.tidy(() => {
    const { y } = resolveTarget('tLoss', logits, target, undefined);
    if (logits.shape[4] === 1) return tf.sum(tf.square(tf.sub(tf.sigmoid(logits), y)), [1, 2, 3, 4]) as tf.Tensor1D;
    const difference = tf.slice(tf.sub(tf.softmax(logits), y), [0, 0, 0, 0, 1]);
    return tf.sum(tf.square(difference), [1, 2, 3, 4]) as tf.Tensor1D;
  });
}

/** D of the T-loss: the number of foreground probabilities of one image. */
export function tLossDimension(logits: tf.Tensor5D): number {
  const [batch, , , , channels] = logits.shape;
  return (logits.size / batch / channels) * Math.max(1, channels - 1);
}

/** The T-loss of squared errors [N] over D values each; `tLoss` in two steps, for those who also want the nu gradient. */
export function tLossFromSquares(squares: tf.Tensor1D, dimension: number, options: TLossOptions): tf.Scalar {
  const { nu, precision, constant, divisor } = resolve(dimension, options);
  return tf.tidy(() => {
    const growing = tf.mul(log1pTensor(tf.mul(squares, precision / nu)), (nu + dimension) / 2 / divisor);
    return tf.add(tf.mean(growing), constant / divisor) as tf.Scalar;
  });
}

/**
 * Derivative of the T-loss by nu, in float64, averaged over the batch. To learn ln nu multiply it by nu. Computed as
 * `learnableTLossFromSquares` says, so that it is right for nu far above D too.
 *
 * @param squares the values of `tLossSquares`
 * @param dimension D, from `tLossDimension`
 */
export function tLossNuGradient(squares: ArrayLike<number>, dimension: number, options: TLossOptions): number {
  const { nu, precision, divisor } = resolve(dimension, options);
  const D = dimension;
  const rise = digammaRise(nu / 2, D / 2);
  let sum = 0;
  for (let i = 0; i < squares.length; i++) {
    const s = precision * squares[i]!;
    sum += (log1pGap((D - s) / (nu + s)) - rise) / 2;
  }
  return sum / squares.length / divisor;
}

function resolve(dimension: number, { nu, form = 'paper', perVoxel = true }: TLossOptions) {
  checkOption('tLoss', 'form', form, ['paper', 'released']);
  if (!(nu > 0 && Number.isFinite(nu))) {
    throw new SegError('invalid-argument', { where: 'tLoss', problem: 'nu must be positive', got: nu });
  }
  const released = form === 'released';
  const likelihood = (dimension / 2) * Math.log(2 * Math.PI) - logGammaRise(nu / 2, dimension / 2);
  return {
    nu,
    precision: released ? Math.E : 1,
    constant: likelihood - (released ? dimension / 2 : 0),
    divisor: perVoxel ? dimension : 1,
  };
}
