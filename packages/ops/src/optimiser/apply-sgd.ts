import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { fusedKernels } from '../fused-kernels.ts';
import { runInPlace } from '../internal/fused.ts';

export interface SgdState {
  readonly param: tf.Tensor;
  /** As the parameter; zeros at the start. */
  readonly velocity: tf.Tensor;
}

export interface SgdOptions {
  readonly learningRate: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Default false. */
  readonly nesterov?: boolean;
  /** L2 term added to the gradient, as in PyTorch. Default 0. */
  readonly weightDecay?: number;
  /** Factor on the gradient, for clipping and averaging. Default 1. */
  readonly gradScale?: number;
}

/**
 * One step of stochastic gradient descent with PyTorch's formulas: g = gradScale * grad + weightDecay * param;
 * v = momentum * v + g; param -= learningRate * (nesterov ? g + momentum * v : v).
 *
 * Takes over `state` (in place where the backend can, else its tensors are disposed) and returns the new one; `grad`
 * stays the caller's. Tensors that share their memory with a clone are never written to.
 *
 * @throws SegError `shape-mismatch` when parameter, velocity and gradient differ.
 */
export function applySgd(state: SgdState, grad: tf.Tensor, options: SgdOptions): SgdState {
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0, gradScale = 1 } = options;
  const { param, velocity } = state;
  checkAlike('applySgd', [param, grad, velocity]);
  const attrs = { learningRate, momentum, nesterov, weightDecay, gradScale };
  if (runInPlace(fusedKernels.sgdUpdate, { param, grad, velocity }, ['param', 'velocity'], attrs)) return state;
  const [nextParam, nextVelocity] = tf.tidy(() => {
    const g = tf.add(tf.mul(grad, gradScale), tf.mul(param, weightDecay));
    const v = tf.add(tf.mul(velocity, momentum), g);
    const step = nesterov ? tf.add(g, tf.mul(v, momentum)) : v;
    return [tf.keep(tf.sub(param, tf.mul(step, learningRate))), tf.keep(v)];
  });
  param.dispose();
  velocity.dispose();
  return { param: nextParam!, velocity: nextVelocity! };
}

/** Requires tensors of one shape. */
export function checkAlike(where: string, tensors: readonly tf.Tensor[]): void {
  const shapes = tensors.map((t) => t.shape.join());
  if (shapes.every((s) => s === shapes[0])) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: 'parameter, gradient and optimiser state differ in shape',
    got: tensors.map((t) => t.shape),
  });
}
