import { recompute } from '@seg/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { Layer, Pass } from './layer.ts';

/**
 * A layer of which the gradient keeps only inputs and outputs: what lies between is computed again. Dropout draws the
 * same numbers again; running statistics are updated once.
 *
 * @param byDefault whether that holds where the context does not say.
 */
export function recomputed<In extends tf.Tensor5D | readonly tf.Tensor5D[]>(
  layer: Layer<In>,
  byDefault: boolean,
): Layer<In> {
  const names = Object.keys(layer.params);
  return {
    ...layer,
    run: (x, pass) => {
      if (!(pass.ctx.recompute ?? byDefault)) return layer.run(x, pass);
      const isList = Array.isArray(x);
      const xs = (isList ? x : [x]) as readonly tf.Tensor5D[];
      const { updateBuffer: _, ...quiet } = pass.ctx;
      let ctx = pass.ctx;
      const run = (...tensors: tf.Tensor[]) => {
        const given = tensors.slice(0, xs.length) as tf.Tensor5D[];
        const params = Object.fromEntries(names.map((name, i) => [name, tensors[xs.length + i]!]));
        const inner: Pass = { ...pass, params, ctx };
        ctx = quiet;
        return layer.run((isList ? given : given[0]) as In, inner);
      };
      return recompute(run, [...xs, ...names.map((name) => pass.params[name]!)]);
    },
  };
}
