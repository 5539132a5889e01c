import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { divideBySum, resolveTarget } from '../internal/target.ts';

export interface CrossEntropyLossOptions {
  /** One weight a class; the mean is over the weights, as in PyTorch. Default: all 1. */
  readonly classWeights?: readonly number[];
  /** Voxels with this label count nowhere (label maps only). Default: none. */
  readonly ignoreLabel?: number;
  /** Shape [N, D, H, W]; multiplies each voxel's loss; not in the divisor of the mean. Default: all 1. */
  readonly weightMap?: tf.Tensor;
}

/**
 * Softmax cross-entropy, -log p of the true class, averaged over the voxels that count: PyTorch's `cross_entropy`.
 *
 * With class weights w the mean is sum(w_y * loss) / sum(w_y) for label maps; for probabilities as target,
 * -sum_c w_c y_c log p_c divided by the number of voxels. A weight map (such as the border weights of Ronneberger et
 * al. 2015) multiplies the terms of the numerator. No voxel that counts: 0.
 *
 * @param logits [N, D, H, W, C]
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C]
 * @returns scalar
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` for bad options.
 */
export function crossEntropyLoss(
  logits: tf.Tensor5D,
  target: tf.Tensor,
  options: CrossEntropyLossOptions = {},
): tf.Scalar {
  const where = 'crossEntropyLoss';
  const { classWeights, ignoreLabel, weightMap } = options;
  return tf.tidy(() => {
    const { y, counted } = resolveTarget(where, logits, target, ignoreLabel);
    const classes = logits.shape[4];
    if (classWeights && (classWeights.length !== classes || classWeights.some((w) => !(w >= 0)))) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'classWeights must be non-negative, one a class',
        got: classWeights,
        expected: `${classes} numbers`,
      });
    }
    if (weightMap && weightMap.shape.join() !== logits.shape.slice(0, 4).join()) {
      throw new SegError('shape-mismatch', {
        where,
        problem: 'weightMap must have the shape of the logits without channels',
        got: weightMap.shape,
        expected: logits.shape.slice(0, 4),
      });
    }
    const weighted = classWeights ? tf.mul(y, tf.tensor1d([...classWeights])) : y;
    const terms = tf.mul(weighted, tf.logSoftmax(logits));
    const sum = tf.neg(tf.sum(weightMap ? tf.mul(terms, tf.expandDims(weightMap, 4)) : terms));
    const voxels = logits.size / classes;
    if (target.rank === 4 && (classWeights || counted)) return divideBySum(sum, tf.sum(weighted));
    return tf.div(sum, voxels) as tf.Scalar;
  });
}
