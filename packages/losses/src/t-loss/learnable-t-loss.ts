import { checkOption } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { type TLossOptions, tLossDimension, tLossSquares } from './t-loss.ts';

export interface LearnableTLossOptions extends Omit<TLossOptions, 'nu'> {
  /** Logarithm of the degrees of freedom, a scalar that is trained like a weight. */
  readonly lnNu: tf.Scalar;
}

/** Below it Stirling's series is too short; the recurrence lifts smaller arguments by as much. */
const SHIFT = 6;

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
      tf.div(tf.sub(logGamma(tf.div(nu, 2)), logGamma(half)), D),
      tf.div(tf.add(l, Math.log(Math.PI)), 2),
    ]);
    const value = tf.add(tf.mean(tf.mul(tf.div(half, D), tf.log1p(tf.div(s, nu)))), constant);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [s, l] = saved as [tf.Tensor, tf.Tensor];
      const nu = tf.exp(l);
      const sum = tf.add(nu, D);
      const ratio = tf.div(sum, tf.add(s, nu));
      const constant = tf.sub(tf.sub(digamma(tf.div(nu, 2)), digamma(tf.div(sum, 2))), 1);
      const byNu = tf.add(tf.mean(tf.add(tf.log1p(tf.div(s, nu)), ratio)), constant);
      const bySquares = tf.div(ratio, 2 * D * s.size);
      return [tf.mul(dy, bySquares), tf.mul(dy, tf.mul(byNu, tf.div(nu, 2 * D)))];
    };
    return { value, gradFunc: gradFunc as (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] };
  });
  return apply(squares, lnNu);
}

/** ln of the gamma function, float32, for x > 0. */
function logGamma(x: tf.Tensor): tf.Tensor {
  const z = tf.add(x, SHIFT);
  const shift = tf.addN(Array.from({ length: SHIFT }, (_, i) => tf.log(tf.add(x, i))));
  const r = tf.reciprocal(tf.square(z));
  const series = tf.div(tf.sub(1 / 12, tf.mul(r, tf.sub(1 / 360, tf.div(r, 1260)))), z);
  const stirling = tf.sub(tf.mul(tf.sub(z, 0.5), tf.log(z)), z);
  return tf.add(tf.sub(stirling, shift), tf.add(series, 0.5 * Math.log(2 * Math.PI)));
}

/** Its derivative. */
function digamma(x: tf.Tensor): tf.Tensor {
  const z = tf.add(x, SHIFT);
  const shift = tf.addN(Array.from({ length: SHIFT }, (_, i) => tf.reciprocal(tf.add(x, i))));
  const r = tf.reciprocal(tf.square(z));
  const series = tf.mul(r, tf.sub(1 / 12, tf.mul(r, tf.sub(1 / 120, tf.div(r, 252)))));
  return tf.sub(tf.log(z), tf.addN([shift, tf.div(0.5, z), series]));
}
