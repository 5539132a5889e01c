import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs part of a computation so that nothing of its inside stays in memory for the gradient: it is computed again when
 * the gradient comes to it (gradient checkpointing; Chen et al. 2016, "Training deep nets with sublinear memory cost").
 * The result and the gradients are those of `f(...inputs)`, at the cost of one more forward pass of `f`.
 *
 * @param f pure: the same inputs give the same result, and tensors that gradients are wanted for come in through `inputs`
 * @param inputs gradients are computed by all float32 ones, wanted or not; others, and those that `f` does not use, get 0
 */
export function recompute<T extends tf.Tensor>(f: (...inputs: tf.Tensor[]) => T, inputs: readonly tf.Tensor[]): T {
  const operation = tf.customGrad((...args) => {
    const given = args.slice(0, -1) as tf.Tensor[];
    const save = args[args.length - 1] as unknown as (tensors: tf.Tensor[]) => void;
    // Saved only then: what is saved when f throws nobody would free.
    const value = f(...given);
    save(given);
    return {
      // A result of its own, which may be disposed.
      value: given.includes(value) ? tf.clone(value) : value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(f, saved, dy),
    };
  });
  return operation(...inputs) as T;
}

function gradients<T extends tf.Tensor>(f: (...inputs: tf.Tensor[]) => T, inputs: tf.Tensor[], dy: tf.Tensor) {
  return tf.tidy(() => {
    const floats = inputs.filter(({ dtype }) => dtype === 'float32');
    const { grads } = keepTape(() => tf.engine().gradients(() => f(...inputs), floats, dy, true));
    const by = new Map(floats.map((input, i) => [input, grads[i] as tf.Tensor | null]));
    return inputs.map((input) => by.get(input) ?? tf.zeros(input.shape));
  });
}

/** tfjs has one tape, which a gradient inside of the backward pass of another would end for both. */
function keepTape<T>(run: () => T): T {
  const { state } = tf.engine() as unknown as { readonly state: { activeTape: unknown } };
  const outer = state.activeTape;
  try {
    return run();
  } finally {
    state.activeTape = outer;
  }
}
