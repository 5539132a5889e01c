import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { fusedKernels } from '../fused-kernels.ts';
import { runInPlace } from '../internal/fused.ts';
import { checkAlike } from './apply-sgd.ts';

export interface AdamState {
  readonly param: tf.Tensor;
  /** Running mean of the gradient; zeros at the start. */
  readonly first: tf.Tensor;
  /** Running mean of its square; zeros at the start. */
  readonly second: tf.Tensor;
}

export interface AdamOptions {
  readonly learningRate: number;
  /** Number of this step, from 1. */
  readonly step: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Shrink the parameter by learningRate * weightDecay (AdamW) instead of adding to the gradient. Default false. */
  readonly decoupled?: boolean;
  /** Factor on the gradient, for clipping and averaging. Default 1. */
  readonly gradScale?: number;
}

/**
 * One step of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019) with PyTorch's formulas and bias
 * correction: param -= learningRate * (first / c1) / (sqrt(second / c2) + epsilon), ci = 1 - beta_i^step.
 *
 * Takes over `state` (in place where the backend can, else its tensors are disposed) and returns the new one; `grad`
 * stays the caller's. Tensors that share their memory with a clone are never written to.
 *
 * @throws SegError `shape-mismatch` when the tensors differ, `invalid-argument` for a step below 1.
 */
export function applyAdam(state: AdamState, grad: tf.Tensor, options: AdamOptions): AdamState {
  const { learningRate, step, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const { weightDecay = 0, decoupled = false, gradScale = 1 } = options;
  const { param, first, second } = state;
  checkAlike('applyAdam', [param, grad, first, second]);
  if (!Number.isInteger(step) || step < 1) {
    throw new SegError('invalid-argument', { where: 'applyAdam', problem: 'step counts from 1', got: step });
  }
  const attrs = { learningRate, beta1, beta2, epsilon, weightDecay, decoupled, gradScale, step };
  const inputs = { param, grad, first, second };
  if (runInPlace(fusedKernels.adamUpdate, inputs, ['param', 'first', 'second'], attrs)) return state;
  const [nextParam, nextFirst, nextSecond] = tf.tidy(() => {
    const scaled = tf.mul(grad, gradScale);
    const g = decoupled ? scaled : tf.add(scaled, tf.mul(param, weightDecay));
    const shrunk = decoupled ? tf.mul(param, 1 - learningRate * weightDecay) : param;
    const m = tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1));
    const v = tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2));
    const spread = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** step)), epsilon);
    const change = tf.mul(tf.div(m, spread), learningRate / (1 - beta1 ** step));
    return [tf.keep(tf.sub(shrunk, change)), tf.keep(m), tf.keep(v)];
  });
  for (const old of [param, first, second]) old.dispose();
  return { param: nextParam!, first: nextFirst!, second: nextSecond! };
}
