import { SegError } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';
import { checkRank5, checkVector } from '../internal/checks.ts';
import { normActivation } from './norm-activation.ts';

export interface NormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Slope for negative values of the leaky ReLU that follows in the same pass; 1: none, 0: ReLU. Default 1. */
  readonly negativeSlope?: number;
}

export interface GroupNormOptions extends NormOptions {
  /** Number of groups of neighbouring channels; must divide C. */
  readonly groups: number;
}

/**
 * Group normalisation (Wu and He 2018, eq. 7): y = scale * (x - mean) / sqrt(variance + epsilon) + offset with the
 * statistics (biased variance) of each sample and group, then optionally a leaky ReLU.
 *
 * @param x [N, D, H, W, C]
 * @param scale [C]
 * @param offset [C]
 * @throws SegError `shape-mismatch` for ranks or lengths that do not fit; `invalid-argument` when groups does not divide C.
 */
export function groupNorm(x: tf.Tensor5D, scale: tf.Tensor, offset: tf.Tensor, options: GroupNormOptions): tf.Tensor5D {
  return checkedNorm('groupNorm', x, scale, offset, options);
}

/**
 * Instance normalisation (Ulyanov et al. 2016): `groupNorm` with every channel its own group.
 *
 * @param x [N, D, H, W, C]
 * @param scale [C]
 * @param offset [C]
 * @throws SegError `shape-mismatch` for ranks or lengths that do not fit.
 */
export function instanceNorm(
  x: tf.Tensor5D,
  scale: tf.Tensor,
  offset: tf.Tensor,
  options: NormOptions = {},
): tf.Tensor5D {
  return checkedNorm('instanceNorm', x, scale, offset, { ...options, groups: x.shape[4] });
}

function checkedNorm(
  where: string,
  x: tf.Tensor5D,
  scale: tf.Tensor,
  offset: tf.Tensor,
  options: GroupNormOptions,
): tf.Tensor5D {
  const { groups, epsilon = 1e-5, negativeSlope = 1 } = options;
  checkRank5(where, 'x', x);
  const channels = x.shape[4];
  checkVector(where, 'scale', scale, channels);
  checkVector(where, 'offset', offset, channels);
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'groups must divide the channels',
      got: groups,
      expected: `a divisor of ${channels}`,
    });
  }
  const [y, mean, invStd] = normActivation({ x, scale, offset }, { groups, epsilon, negativeSlope });
  mean.dispose();
  invStd.dispose();
  return y as tf.Tensor5D;
}
