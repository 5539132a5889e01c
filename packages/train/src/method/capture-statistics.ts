import type { ApplyContext, Params } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/** A training pass through a network that may have running statistics. */
export interface CapturedStatistics {
  /** Goes into the context of `apply`, beside `dropout`. */
  readonly context: Pick<ApplyContext, 'statistics' | 'buffers' | 'updateBuffer'>;
  /** The new running statistics by name, filled by the pass; goes into a step's `assign`. Empty without batch norms. */
  readonly updated: Params;
}

/**
 * Runs batch norms on the batch's statistics and catches the new running ones, which the tape's scopes would free. Where
 * a step makes several passes, each starts from the running statistics before the step and the last one's are kept.
 *
 * @param buffers the group that holds the running statistics; may be empty.
 *
 * @example
 * const statistics = captureStatistics(params.buffers);
 * const update = lossGradients(trainable, () =>
 *   loss(network.apply(params.network, train.image, { dropout: rng, ...statistics.context }), train.label));
 * return { ...update, assign: { buffers: statistics.updated } };
 */
export function captureStatistics(buffers: Params): CapturedStatistics {
  const updated: Record<string, tf.Tensor> = {};
  const updateBuffer = (name: string, value: tf.Tensor) => {
    updated[name]?.dispose();
    updated[name] = tf.keep(value);
  };
  return { context: { statistics: 'batch', buffers, updateBuffer }, updated };
}
