import type { Network, Params } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';

/** What turns patches into class scores: a network with its parameters, a trained method, any function of tensors. */
export interface PatchPredictor {
  /** Maps x [N, D, H, W, C] to [N, D, H, W, classes]; called inside a tidy. */
  apply(x: tf.Tensor5D): tf.Tensor5D;
  /** What `apply` returns. Default `logits`. */
  readonly output?: 'logits' | 'probabilities';
  /** How logits become probabilities: exclusive classes or overlapping regions. Default `softmax`. */
  readonly activation?: 'softmax' | 'sigmoid';
}

export interface NetworkPredictorOptions {
  /** Running statistics, for networks that have any. */
  readonly buffers?: Params;
  /** Default `softmax`. */
  readonly activation?: 'softmax' | 'sigmoid';
}

/**
 * A predictor from a network and its parameters; of several outputs (deep supervision) the first, at full resolution,
 * counts. The parameters stay the caller's. For an ensemble make one predictor for each parameter map.
 */
export function networkPredictor(
  network: Network<tf.Tensor5D> | Network<readonly tf.Tensor5D[]>,
  params: Params,
  options: NetworkPredictorOptions = {},
): PatchPredictor {
  const { buffers, activation = 'softmax' } = options;
  const context = buffers === undefined ? {} : { buffers };
  return {
    activation,
    output: 'logits',
    apply(x) {
      const out: tf.Tensor5D | readonly tf.Tensor5D[] = network.apply(params, x, context);
      return isTensorList(out) ? out[0]! : out;
    },
  };
}

function isTensorList(out: tf.Tensor5D | readonly tf.Tensor5D[]): out is readonly tf.Tensor5D[] {
  return Array.isArray(out);
}
