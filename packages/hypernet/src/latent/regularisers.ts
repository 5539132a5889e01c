import { checkOption, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Pull of a latent towards 0: weight * sum |z| (`l1`, HyperSORT's), or weight * sum z^2 (`l2`).
 *
 * Returns a scalar; its gradient at 0 is 0. `weights` scales each component, for latents whose axes are not alike.
 *
 * @throws SegError `invalid-argument` for a negative weight or weights of another length.
 */
export function latentPenalty(
  latent: tf.Tensor,
  options: { readonly kind?: 'l1' | 'l2'; readonly weight?: number; readonly weights?: readonly number[] } = {},
): tf.Scalar {
  const { kind = 'l1', weight = 1, weights } = options;
  checkOption('latentPenalty', 'kind', kind, ['l1', 'l2']);
  if (!(weight >= 0) || (weights !== undefined && (weights.length !== latent.size || weights.some((w) => !(w >= 0))))) {
    throw new SegError('invalid-argument', {
      where: 'latentPenalty',
      problem: 'weights must be at least 0, one for each component',
      got: weights ?? weight,
    });
  }
  return tf.tidy(() => {
    const flat = tf.reshape(latent, [-1]);
    // tfjs's gradient of abs is -1 at 0; that of both halves is 0 there, as sign(0) is.
    const size = kind === 'l1' ? tf.add(tf.relu(flat), tf.relu(tf.neg(flat))) : tf.square(flat);
    const scaled = weights === undefined ? size : tf.mul(size, tf.tensor1d([...weights]));
    return tf.mul(tf.sum(scaled), weight) as tf.Scalar;
  });
}
