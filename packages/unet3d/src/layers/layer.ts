import type { ApplyContext, ParamSpecs, Params, Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/** What a layer sees when it runs: the parameters, the context, and the key of this pass (if a layer draws). */
export interface Pass {
  readonly params: Params;
  readonly ctx: ApplyContext;
  readonly key: Rng | undefined;
}

/** A piece of a network: what it needs, and what it does. It owns nothing and never disposes its input. */
export interface Layer<In = tf.Tensor5D, Out = tf.Tensor5D> {
  readonly params: ParamSpecs;
  readonly buffers: ParamSpecs;
  run(x: In, pass: Pass): Out;
}

/** All parameter and buffer specs of several layers, in order. */
export function specsOf(layers: readonly Pick<Layer, 'params' | 'buffers'>[]): {
  params: ParamSpecs;
  buffers: ParamSpecs;
} {
  return {
    params: Object.assign({}, ...layers.map((l) => l.params)),
    buffers: Object.assign({}, ...layers.map((l) => l.buffers)),
  };
}

/** Layers one after the other; an activation is freed as soon as the next one is there (the tape keeps what it needs). */
export function sequence(layers: readonly Layer[]): Layer {
  return {
    ...specsOf(layers),
    run: (x, pass) =>
      tf.tidy(() => {
        let y = x;
        for (const layer of layers) {
          const next = layer.run(y, pass);
          if (y !== x && next !== y) y.dispose();
          y = next;
        }
        return y === x ? tf.clone(x) : y;
      }),
  };
}
