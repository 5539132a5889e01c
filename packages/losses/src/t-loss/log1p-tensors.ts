import * as tf from '@tensorflow/tfjs-core';

/** Up to this size of x the series in w = x / (2 + x) is used, beyond it the logarithm of 1 + x. */
const SERIES_UP_TO = 0.5;

/** Terms of the series; w^2 is at most 1/9, so that the next one is below the precision of float32. */
const TERMS = 7;

/**
 * ln(1 + x) of every element for x > -1, to float32 precision relative to the result: tfjs's `log1p` is the logarithm
 * of the rounded 1 + x on some backends. Differentiable.
 */
export function log1pTensor(x: tf.Tensor): tf.Tensor {
  const apply = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    // ln(1 + x) = 2 atanh(w) = 2 w + 2 w^3 (1 / 3 + w^2 / 5 + ...)
    const value = byParts(x, ({ w, rest }) => tf.mul(tf.add(w, rest), 2), tf.log);
    const gradFunc = (dy: tf.Tensor, [x]: tf.Tensor[]) => tf.div(dy, tf.add(x!, 1));
    return { value, gradFunc };
  });
  return apply(x);
}

/** x - ln(1 + x) of every element for x > -1, about x^2 / 2 near 0, likewise to float32 precision. Not differentiable. */
export function log1pGap(x: tf.Tensor): tf.Tensor {
  // x - 2 w = x w
  const near = ({ x, w, rest }: Parts) => tf.sub(tf.mul(x, w), tf.mul(rest, 2));
  return byParts(x, near, (sum) => tf.sub(x, tf.log(sum)));
}

interface Parts {
  readonly x: tf.Tensor;
  readonly w: tf.Tensor;
  /** w^3 / 3 + w^5 / 5 + ... */
  readonly rest: tf.Tensor;
}

function byParts(x: tf.Tensor, near: (parts: Parts) => tf.Tensor, far: (sum: tf.Tensor) => tf.Tensor): tf.Tensor {
  const isNear = tf.lessEqual(tf.abs(x), SERIES_UP_TO);
  const small = tf.where(isNear, x, tf.zerosLike(x));
  const w = tf.div(small, tf.add(small, 2));
  const square = tf.square(w);
  let series: tf.Tensor = tf.fill(x.shape, 1 / (2 * TERMS + 1));
  for (let k = TERMS - 1; k >= 1; k--) series = tf.add(tf.mul(series, square), 1 / (2 * k + 1));
  const rest = tf.mul(tf.mul(series, square), w);
  return tf.where(isNear, near({ x: small, w, rest }), far(tf.add(x, 1)));
}
