import * as tf from '@tensorflow/tfjs-core';
import { log1pTensor } from './log1p-tensors.ts';

/** The recurrence lifts arguments by as much, from where Stirling's series are exact in float32. */
const LIFT = 8;

/**
 * ln G(a + h) - ln G(a) - h ln a, float32, for a > 0 and h > 0 of shapes that broadcast.
 *
 * The two functions are taken together before anything is computed: each by itself is about a ln a, and from a of
 * about 1e4 on float32 would leave nothing of their difference.
 */
export function logGammaRise(a: tf.Tensor, h: tf.Tensor): tf.Tensor {
  const low = tf.add(a, LIFT);
  const high = tf.add(low, h);
  const lifted = tf.sub(tf.mul(tf.sub(high, 0.5), log1pTensor(tf.div(h, low))), h);
  const rests = tf.sub(stirlingRest(high), stirlingRest(low));
  const byLift = tf.mul(h, log1pTensor(tf.div(LIFT, a)));
  const recurrence = tf.addN(steps(a).map((step) => log1pTensor(tf.div(h, step))));
  return tf.add(tf.add(lifted, rests), tf.sub(byLift, recurrence));
}

/** digamma(a + h) - digamma(a) - ln(1 + h / a), float32, likewise. */
export function digammaRise(a: tf.Tensor, h: tf.Tensor): tf.Tensor {
  const b = tf.add(a, h);
  const low = tf.add(a, LIFT);
  const high = tf.add(b, LIFT);
  // 1 / low^k - 1 / high^k for k = 1, 2 and 4, from factors that do not cancel.
  const first = tf.div(tf.div(h, low), high);
  const second = tf.mul(first, tf.add(tf.reciprocal(low), tf.reciprocal(high)));
  const fourth = tf.mul(second, tf.add(tf.reciprocal(tf.square(low)), tf.reciprocal(tf.square(high))));
  const lifted = tf.addN([tf.div(first, 2), tf.div(second, 12), tf.div(fourth, -120)]);
  // ln(1 + h / low) - ln(1 + h / a)
  const byLift = log1pTensor(tf.div(tf.div(tf.mul(h, -LIFT), low), b));
  const recurrence = tf.addN(steps(a).map((step) => tf.div(tf.div(h, step), tf.add(step, h))));
  return tf.add(lifted, tf.add(byLift, recurrence));
}

/** a, a + 1, ... of the recurrence. */
function steps(a: tf.Tensor): tf.Tensor[] {
  return Array.from({ length: LIFT }, (_, i) => tf.add(a, i));
}

/** What Stirling's series adds to (z - 1/2) ln z - z + ln(2 pi) / 2. */
function stirlingRest(z: tf.Tensor): tf.Tensor {
  const r = tf.reciprocal(tf.square(z));
  return tf.div(tf.sub(1 / 12, tf.mul(r, tf.sub(1 / 360, tf.div(r, 1260)))), z);
}
