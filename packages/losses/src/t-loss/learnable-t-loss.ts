import { checkOption } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { digammaTensor, logGammaTensor } from './gamma-tensors.ts';
import { type TLossOptions, tLossDimension, tLossSquares } from './t-loss.ts';

export interface LearnableTLossOptions extends Omit<TLossOptions, 'nu'> {
  /** Logarithm of the degrees of freedom, a scalar that is trained like a weight. */
  readonly lnNu: tf.Scalar;
}

/**
 * `tLoss` whose nu = exp(lnNu) is learnt along with the network: differentiable by logits and by `lnNu`.
 *
 * Nothing is read back from the device. In float32 the terms of the derivative by nu, each about D / nu, would leave
 * little of their sum, so that it is computed from a form in which they have cancelled: with the error s of an image,
 * d/d(nu) = (digamma(nu / 2) - digamma((nu + D) / 2) - 1 + ln(1 + s / nu) + (nu + D) / (nu + s)) / 2.
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
    const squares = tf.mul(tLossSquares(logits, target), form === 'released' ? Math.E : 1);
    const perValue = fromSquares(squares, lnNu, dimension);
    const loss = form === 'released' ? tf.sub(perValue, 0.5) : perValue;
    return (perVoxel ? loss : tf.mul(loss, dimension)) as tf.Scalar;
  });
}

/** The T-loss over D values, divided by D; `squares` [N] are multiplied by the precision already. */
function fromSquares(squares: tf.Tensor, lnNu: tf.Tensor, D: number): tf.Tensor {
  const apply = tf.customGrad((...args) => {
    const [s, l, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([s, l]);
    const nu = tf.exp(l);
    const half = tf.div(tf.add(nu, D), 2);
    const constant = tf.addN([
      tf.div(tf.sub(logGammaTensor(tf.div(nu, 2)), logGammaTensor(half)), D),
      tf.div(tf.add(l, Math.log(Math.PI)), 2),
    ]);
    const value = tf.add(tf.mean(tf.mul(tf.div(half, D), tf.log1p(tf.div(s, nu)))), constant);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [s, l] = saved as [tf.Tensor, tf.Tensor];
      const nu = tf.exp(l);
      const sum = tf.add(nu, D);
      const ratio = tf.div(sum, tf.add(s, nu));
      const constant = tf.sub(tf.sub(digammaTensor(tf.div(nu, 2)), digammaTensor(tf.div(sum, 2))), 1);
      const byNu = tf.add(tf.mean(tf.add(tf.log1p(tf.div(s, nu)), ratio)), constant);
      const bySquares = tf.div(ratio, 2 * D * s.size);
      return [tf.mul(dy, bySquares), tf.mul(dy, tf.mul(byNu, tf.div(nu, 2 * D)))];
    };
    return { value, gradFunc: gradFunc as (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] };
  });
  return apply(squares, lnNu);
}
