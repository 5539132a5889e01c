import { checkOption } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { digammaRise, logGammaRise } from './gamma-tensors.ts';
import { log1pGap, log1pTensor } from './log1p-tensors.ts';
import { type TLossOptions, tLossDimension, tLossSquares } from './t-loss.ts';

export interface LearnableTLossOptions extends Omit<TLossOptions, 'nu'> {
  /** Logarithm of the degrees of freedom, a scalar that is trained like a weight. */
  readonly lnNu: tf.Scalar;
}

/**
 * `tLoss` whose nu = exp(lnNu) is learnt along with the network: differentiable by logits and by `lnNu`.
 *
 * Nothing is read back from the device; value and derivatives are right in float32 for every nu, as
 * `learnableTLossFromSquares` says.
 *
 * @param logits [N, D, H, W, C]: softmax without background, or the sigmoid of a single channel
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C]
 * @returns scalar
 * @throws SegError `shape-mismatch` when shapes differ.
 */
export function learnableTLoss(logits: tf.Tensor5D, target: tf.Tensor, options: LearnableTLossOptions): tf.Scalar {
  const { lnNu, form = 'paper', perVoxel = true } = options;
  checkOption('learnableTLoss', 'form', form, ['paper', 'released']);
  return tf.tidy(() => {
    const dimension = tLossDimension(logits);
    const squares = tf.mul(tLossSquares(logits, target), form === 'released' ? Math.E : 1) as tf.Tensor1D;
    const dimensions = tf.fill(squares.shape, dimension) as tf.Tensor1D;
    const perValue = tf.mean(learnableTLossFromSquares(squares, dimensions, lnNu));
    const loss = form === 'released' ? tf.sub(perValue, 0.5) : perValue;
    return (perVoxel ? loss : tf.mul(loss, dimension)) as tf.Scalar;
  });
}

/**
 * The T-loss of squared errors s over D values each, divided by D, of every image by itself: `learnableTLoss` in its
 * second step. Differentiable by the squares and by `lnNu`.
 *
 * The terms of the loss and of its derivative by nu cancel where nu is far above D, and those of the derivative, each
 * about D / nu, where it is far below. Both are computed from forms in which that has happened: with a = nu / 2,
 * h = D / 2 and v = (D - s) / (nu + s),
 * loss = ln(2 pi) / 2 - (lnG(a + h) - lnG(a) - h ln a) / D + (a + h) / D ln(1 + s / nu),
 * 2 d(D loss)/d(nu) = v - ln(1 + v) - (digamma(a + h) - digamma(a) - ln(1 + h / a)).
 *
 * @param squares [N], multiplied by the precision already
 * @param dimensions D of each image, [N], above 0; constants for the gradient
 * @returns [N]
 */
export function learnableTLossFromSquares(squares: tf.Tensor1D, dimensions: tf.Tensor1D, lnNu: tf.Scalar): tf.Tensor1D {
  const apply = tf.customGrad((...args) => {
    const [s, D, l, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([s, D, l]);
    const nu = tf.exp(l);
    const [a, h] = [tf.div(nu, 2), tf.div(D, 2)];
    const growing = tf.mul(tf.div(tf.add(a, h), D), log1pTensor(tf.div(s, nu)));
    const value = tf.add(tf.sub(growing, tf.div(logGammaRise(a, h), D)), 0.5 * Math.log(2 * Math.PI));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [s, D, l] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const nu = tf.exp(l);
      const sum = tf.add(s, nu);
      const bySquares = tf.div(tf.div(tf.add(nu, D), sum), tf.mul(D, 2));
      const gap = tf.sub(log1pGap(tf.div(tf.sub(D, s), sum)), digammaRise(tf.div(nu, 2), tf.div(D, 2)));
      const byLnNu = tf.mul(gap, tf.div(tf.div(nu, D), 2));
      return [tf.mul(dy, bySquares), tf.zerosLike(D), tf.sum(tf.mul(dy, byLnNu))];
    };
    return { value, gradFunc: gradFunc as (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] };
  });
  return apply(squares, dimensions, lnNu) as tf.Tensor1D;
}
