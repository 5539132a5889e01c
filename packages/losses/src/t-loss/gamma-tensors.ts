import * as tf from '@tensorflow/tfjs-core';

/** Below it Stirling's series is too short; the recurrence lifts smaller arguments by as much. */
const SHIFT = 6;

/** ln of the gamma function of every element, float32, for x > 0. */
export function logGammaTensor(x: tf.Tensor): tf.Tensor {
  const z = tf.add(x, SHIFT);
  const shift = tf.addN(Array.from({ length: SHIFT }, (_, i) => tf.log(tf.add(x, i))));
  const r = tf.reciprocal(tf.square(z));
  const series = tf.div(tf.sub(1 / 12, tf.mul(r, tf.sub(1 / 360, tf.div(r, 1260)))), z);
  const stirling = tf.sub(tf.mul(tf.sub(z, 0.5), tf.log(z)), z);
  return tf.add(tf.sub(stirling, shift), tf.add(series, 0.5 * Math.log(2 * Math.PI)));
}

/** The digamma function, its derivative, of every element, float32, for x > 0. */
export function digammaTensor(x: tf.Tensor): tf.Tensor {
  const z = tf.add(x, SHIFT);
  const shift = tf.addN(Array.from({ length: SHIFT }, (_, i) => tf.reciprocal(tf.add(x, i))));
  const r = tf.reciprocal(tf.square(z));
  const series = tf.mul(r, tf.sub(1 / 12, tf.mul(r, tf.sub(1 / 120, tf.div(r, 252)))));
  return tf.sub(tf.log(z), tf.addN([shift, tf.div(0.5, z), series]));
}
