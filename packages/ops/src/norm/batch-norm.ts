import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkRank5, checkVector } from '../internal/checks.ts';
import type { NormOptions } from './group-norm.ts';
import { normActivation } from './norm-activation.ts';

export interface BatchNormOptions extends NormOptions {
  /** Use (and report) the statistics of this batch rather than the running ones. */
  readonly training: boolean;
  /** [C]; needed outside training, and in training for `onStatistics`. */
  readonly runningMean?: tf.Tensor;
  /** [C] */
  readonly runningVariance?: tf.Tensor;
  /** Share of the new batch in the running statistics. Default 0.1 (PyTorch's). */
  readonly momentum?: number;
  /** In training: receives the new running mean and (unbiased) variance, [C] each, and owns them. */
  readonly onStatistics?: (mean: tf.Tensor, variance: tf.Tensor) => void;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) with PyTorch's conventions: normalises with the biased variance of the
 * batch, and mixes the unbiased one into the running variance.
 *
 * @param x [N, D, H, W, C]
 * @param scale [C]
 * @param offset [C]
 * @throws SegError `invalid-argument` when running statistics are needed and missing, or when training sees one value a
 * channel; `shape-mismatch` for ranks or lengths that do not fit.
 */
export function batchNorm(x: tf.Tensor5D, scale: tf.Tensor, offset: tf.Tensor, options: BatchNormOptions): tf.Tensor5D {
  const { epsilon = 1e-5, negativeSlope = 1, training, momentum = 0.1, onStatistics } = options;
  const { runningMean, runningVariance } = options;
  checkRank5('batchNorm', 'x', x);
  const channels = x.shape[4];
  const vectors = { scale, offset, ...(runningMean && { runningMean }), ...(runningVariance && { runningVariance }) };
  for (const [name, vector] of Object.entries(vectors)) checkVector('batchNorm', name, vector, channels);
  if ((!training || onStatistics) && !(runningMean && runningVariance)) {
    throw new SegError('invalid-argument', {
      where: 'batchNorm',
      problem: 'running statistics are missing',
      hint: 'Pass runningMean and runningVariance (the buffers of the network).',
    });
  }
  if (!training) {
    return tf.tidy(() => {
      const factor = tf.mul(scale, tf.rsqrt(tf.add(runningVariance!, epsilon)));
      const z = tf.add(tf.mul(x, factor), tf.sub(offset, tf.mul(runningMean!, factor)));
      return (negativeSlope === 1 ? z : tf.mul(z, tf.step(z, negativeSlope))) as tf.Tensor5D;
    });
  }
  const count = x.size / channels;
  if (count < 2) {
    throw new SegError('invalid-argument', {
      where: 'batchNorm',
      problem: 'training needs more than one value a channel',
      got: x.shape,
    });
  }
  return tf.tidy(() => {
    // The whole batch as the voxels of one sample: batch norm is then an instance norm.
    const merged = tf.reshape(x, [1, x.shape[0] * x.shape[1], x.shape[2], x.shape[3], channels]);
    const [y, mean, invStd] = normActivation(
      { x: merged, scale, offset },
      { groups: channels, epsilon, negativeSlope },
    );
    if (onStatistics) {
      const variance = tf.mul(tf.sub(tf.reciprocal(tf.square(invStd)), epsilon), count / (count - 1));
      const mix = (old: tf.Tensor, fresh: tf.Tensor) =>
        tf.keep(tf.add(tf.mul(old, 1 - momentum), tf.mul(tf.reshape(fresh, [channels]), momentum)));
      onStatistics(mix(runningMean!, mean), mix(runningVariance!, variance));
    }
    return tf.reshape(y, x.shape) as tf.Tensor5D;
  });
}
