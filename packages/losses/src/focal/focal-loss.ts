import { checkOption, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { divideBySum, resolveTarget } from '../internal/target.ts';

export interface FocalLossOptions {
  /** Exponent of the factor (1 - p)^gamma, at least 0; 0 gives cross-entropy. Default 2. */
  readonly gamma?: number;
  /** One weight a class. Default: all 1. */
  readonly classWeights?: readonly number[];
  /** Softmax over the classes, or an independent sigmoid each. Default 'softmax'. */
  readonly activation?: 'softmax' | 'sigmoid';
  /** Voxels with this label count nowhere (label maps only). Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Focal loss (Lin et al. 2017, eq. 4), MONAI's `FocalLoss`, for soft targets too.
 *
 * Softmax: -sum_c w_c y_c (1 - p_c)^gamma log p_c, averaged over the voxels that count; MONAI divides by the number of
 * classes as well. Sigmoid: the binary cross-entropy of each channel times sigmoid(-(2 y - 1) logit)^gamma, which is
 * (1 - p_t)^gamma for y of 0 and 1, averaged over these voxels and the channels.
 *
 * @param logits [N, D, H, W, C]
 * @param target int32 label map [N, D, H, W] (0 and 1 for one channel), or probabilities [N, D, H, W, C]
 * @returns scalar
 * @throws SegError `shape-mismatch` when shapes differ, `invalid-argument` or `unknown-option` for bad options.
 */
export function focalLoss(logits: tf.Tensor5D, target: tf.Tensor, options: FocalLossOptions = {}): tf.Scalar {
  const where = 'focalLoss';
  const { gamma = 2, classWeights, ignoreLabel } = options;
  const activation = checkOption(where, 'activation', options.activation ?? 'softmax', ['softmax', 'sigmoid']);
  if (!(gamma >= 0)) {
    throw new SegError('invalid-argument', { where, problem: 'gamma must not be negative', got: gamma });
  }
  return tf.tidy(() => {
    const { y, counted } = resolveTarget(where, logits, target, ignoreLabel);
    const classes = logits.shape[4];
    if (classWeights && classWeights.length !== classes) {
      throw new SegError('invalid-argument', { where, problem: 'classWeights must be one a class', got: classWeights });
    }
    const terms = activation === 'softmax' ? softmaxTerms(logits, y, gamma) : sigmoidTerms(logits, y, counted, gamma);
    const weighted = classWeights ? tf.mul(terms, tf.tensor1d([...classWeights])) : terms;
    const perVoxel = activation === 'softmax' ? 1 : classes;
    const voxels = counted ? tf.sum(counted) : tf.scalar(logits.size / classes);
    return divideBySum(tf.sum(weighted), tf.mul(voxels, perVoxel));
  });
}

function softmaxTerms(logits: tf.Tensor5D, y: tf.Tensor5D, gamma: number): tf.Tensor {
  const logP = tf.logSoftmax(logits);
  return tf.neg(tf.mul(tf.mul(y, logP), power(tf.sub(1, tf.exp(logP)), gamma)));
}

function sigmoidTerms(logits: tf.Tensor5D, y: tf.Tensor5D, counted: tf.Tensor5D | undefined, gamma: number): tf.Tensor {
  const negative = tf.sub(counted ?? 1, y);
  const entropy = tf.add(tf.mul(y, tf.softplus(tf.neg(logits))), tf.mul(negative, tf.softplus(logits)));
  if (gamma === 0) return entropy;
  // By logarithms: the sigmoid of large logits is 0 in float32, which has no derivative for exponents below 1.
  const logRest = tf.neg(tf.softplus(tf.mul(logits, tf.sub(tf.mul(y, 2), 1))));
  return tf.mul(entropy, tf.exp(tf.mul(logRest, gamma)));
}

// 1 - p can round to a hair below 0, and 0 has no finite derivative for exponents below 1.
function power(base: tf.Tensor, exponent: number): tf.Tensor {
  if (exponent === 0) return tf.onesLike(base);
  if (exponent === 1) return base;
  return exponent === 2 ? tf.square(base) : tf.exp(tf.mul(tf.log(tf.maximum(base, 1e-7)), exponent));
}
