import * as tf from '@tensorflow/tfjs-core';

type Save = (tensors: tf.Tensor[]) => void;
type Gradients<Inputs> = { readonly [Name in keyof Inputs]: () => tf.Tensor };

/** One differentiable operation: named inputs, a forward pass, and one lazily computed gradient per input. */
export interface CustomOp<Inputs extends Readonly<Record<string, tf.Tensor>>> {
  readonly inputs: Inputs;
  /** May dispose what it makes on the way; runs off the tape. */
  readonly forward: (save: Save) => tf.Tensor | tf.Tensor[];
  /** `dy` belongs to the first output; gradients of further outputs are not passed on (they carry statistics). */
  readonly gradient: (dy: tf.Tensor, saved: readonly tf.Tensor[]) => Gradients<Inputs>;
}

interface GradientEngine {
  runKernelFunc(params: {
    readonly inputs: object;
    readonly forwardFunc: (backend: unknown, save: Save) => tf.Tensor | tf.Tensor[];
    readonly backwardsFunc: (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => object;
  }): tf.Tensor | tf.Tensor[];
}

/**
 * Runs a custom op and returns its outputs as a list.
 *
 * `tf.customGrad` evaluates the gradient of every input, wanted or not, and allows one output; the engine's own entry
 * (the one that customGrad calls) takes closures and evaluates those only that lie on the way to a wanted input. The
 * input gradient of a network's first convolution, never wanted, costs as much as its forward pass.
 */
export function runCustomOp<Inputs extends Readonly<Record<string, tf.Tensor>>>(op: CustomOp<Inputs>): tf.Tensor[] {
  const engine = tf.engine() as unknown as GradientEngine;
  const outputs = engine.runKernelFunc({
    inputs: op.inputs,
    forwardFunc: (_backend, save) => op.forward(save),
    backwardsFunc: (dy, saved) => op.gradient(Array.isArray(dy) ? dy[0]! : dy, saved),
  });
  return Array.isArray(outputs) ? outputs : [outputs];
}
