import { type ApplyContext, type Network, type Params, Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/** What turns patches into class scores: a network with its parameters, a trained method, any function of tensors. */
export interface PatchPredictor {
  /** Maps x [N, D, H, W, C] to [N, D, H, W, classes]; called inside a tidy. */
  apply(x: tf.Tensor5D): tf.Tensor5D;
  /** What `apply` returns. Default `logits`. */
  readonly output?: 'logits' | 'probabilities';
  /** How logits become probabilities: exclusive classes or overlapping regions. Default `softmax`. */
  readonly activation?: 'softmax' | 'sigmoid';
  /**
   * One draw of a prediction that is random: a dropout mask, weights of a posterior, a latent. Absent where prediction is not
   * random.
   *
   * The draw is a function of `rng` alone (which it may advance) and holds for as long as it is used: its `apply` gives the
   * same scores for the same window, whichever other windows are in the batch and whichever came before.
   */
  sample?(rng: Rng): PredictorDraw;
}

/** A `PatchPredictor` of which all that is random has been drawn. */
export interface PredictorDraw extends Omit<PatchPredictor, 'sample'> {
  /** Frees the tensors that the draw holds, if any. */
  dispose?(): void;
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
 *
 * Of a network with dropout one can draw samples (Monte Carlo dropout, Gal and Ghahramani 2016), with running statistics
 * where it has any. A draw switches off the same units at the same places of every window: windows go through the network
 * one at a time, each with the same masks.
 */
export function networkPredictor(
  network: Network<tf.Tensor5D> | Network<readonly tf.Tensor5D[]>,
  params: Params,
  options: NetworkPredictorOptions = {},
): PatchPredictor {
  const { buffers, activation = 'softmax' } = options;
  const running: ApplyContext = buffers === undefined ? {} : { buffers };
  const run = (x: tf.Tensor5D, context: ApplyContext) => {
    const out: tf.Tensor5D | readonly tf.Tensor5D[] = network.apply(params, x, context);
    return isTensorList(out) ? out[0]! : out;
  };
  const plain = { activation, output: 'logits' as const, apply: (x: tf.Tensor5D) => run(x, running) };
  if (network.hasDropout !== true) return plain;
  return {
    ...plain,
    sample(rng) {
      const { state } = rng.split();
      return {
        ...plain,
        apply: (x) => eachWindow(x, (window) => run(window, { ...running, dropout: Rng.fromState(state) })),
      };
    },
  };
}

/** Masks are drawn for a whole batch: a window has the same ones in every batch only where it is a batch of its own. */
function eachWindow(x: tf.Tensor5D, apply: (window: tf.Tensor5D) => tf.Tensor5D): tf.Tensor5D {
  if (x.shape[0] === 1) return apply(x);
  const windows = tf.split(x, x.shape[0]) as tf.Tensor5D[];
  return tf.concat(windows.map((window) => tf.tidy(() => apply(window))));
}

function isTensorList(out: tf.Tensor5D | readonly tf.Tensor5D[]): out is readonly tf.Tensor5D[] {
  return Array.isArray(out);
}
