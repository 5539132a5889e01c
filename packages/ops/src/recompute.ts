import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs part of a computation so that nothing of its inside stays in memory for the gradient: it is computed again when
 * the gradient comes to it (gradient checkpointing; Chen et al. 2016, "Training deep nets with sublinear memory cost").
 * The result and the gradients are those of `f(...inputs)`, at the cost of one more forward pass of `f`.
 *
 * @param f pure: the same inputs give the same result, and tensors that gradients are wanted for come in through `inputs`
 */
export function recompute<T extends tf.Tensor>(f: (...inputs: tf.Tensor[]) => T, inputs: readonly tf.Tensor[]): T {
  const operation = tf.customGrad((...args) => {
    const given = args.slice(0, -1) as tf.Tensor[];
    const save = args[args.length - 1] as unknown as (tensors: tf.Tensor[]) => void;
    save(given);
    return {
      value: f(...given),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => keepTape(() => tf.grads((...again) => f(...again))(saved, dy)),
    };
  });
  return operation(...inputs) as T;
}

/** tfjs has one tape, which a gradient inside of the backward pass of another would end for both. */
function keepTape<T>(gradients: () => T): T {
  const { state } = tf.engine() as unknown as { readonly state: { activeTape: unknown } };
  const outer = state.activeTape;
  try {
    return gradients();
  } finally {
    state.activeTape = outer;
  }
}
