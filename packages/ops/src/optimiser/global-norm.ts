import * as tf from '@tensorflow/tfjs-core';
import { fusedKernels } from '../fused-kernels.ts';
import { hasKernel, runKernel } from '../internal/fused.ts';

/**
 * The Euclidean norm of all values of all tensors together, as PyTorch's `clip_grad_norm_` measures it (NaN or infinite
 * when a value is). Not differentiable. No tensors: 0.
 */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  if (tensors.length === 0) return tf.scalar(0);
  return tf.tidy(() => tf.sqrt(tf.addN(tensors.map(sumOfSquares)))) as tf.Scalar;
}

function sumOfSquares(x: tf.Tensor): tf.Tensor {
  return hasKernel(fusedKernels.sumOfSquares)
    ? tf.reshape(runKernel(fusedKernels.sumOfSquares, { x }, {})[0]!, [])
    : tf.sum(tf.square(x));
}
