import { type Params, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PartialGroups } from './method.ts';

/** A loss with numbers to log beside it. */
export interface LossWithMetrics {
  readonly loss: tf.Tensor;
  readonly metrics?: Readonly<Record<string, tf.Tensor | number>>;
}

/** Gradients of one loss, in the form of a method's `Update`. */
export interface LossGradients<G extends string> {
  readonly gradients: PartialGroups<G>;
  readonly metrics: Readonly<Record<string, tf.Tensor | number>>;
}

/**
 * Computes a loss and its gradients by all given parameters; those that the loss does not depend on get none.
 *
 * The loss function may use any tensors from outside: they are constants. Returned tensors belong to the caller's tidy.
 *
 * @throws SegError `invalid-argument` when the loss is not a scalar or depends on none of the parameters.
 */
export function lossGradients<G extends string>(
  wrt: PartialGroups<G>,
  loss: () => tf.Tensor | LossWithMetrics,
): LossGradients<G> {
  const names: (readonly [G, string])[] = [];
  const tensors: tf.Tensor[] = [];
  for (const group of Object.keys(wrt) as G[]) {
    for (const [name, tensor] of Object.entries(wrt[group] as Params)) {
      names.push([group, name]);
      tensors.push(tensor);
    }
  }
  let metrics: Record<string, tf.Tensor | number> = {};
  const { value, grads } = tf.engine().gradients(
    () => {
      const result = loss();
      if (result instanceof tf.Tensor) return checkScalar(result);
      metrics = { ...result.metrics };
      for (const metric of Object.values(metrics)) if (metric instanceof tf.Tensor) tf.keep(metric);
      return checkScalar(result.loss);
    },
    tensors,
    null as unknown as tf.Tensor,
    true,
  );
  const gradients: Partial<Record<G, Record<string, tf.Tensor>>> = {};
  let found = 0;
  names.forEach(([group, name], i) => {
    const gradient = grads[i];
    if (gradient === undefined || gradient === null) return;
    const target: Record<string, tf.Tensor> = (gradients[group] ??= {});
    target[name] = gradient;
    found++;
  });
  if (tensors.length > 0 && found === 0) {
    throw new SegError('invalid-argument', {
      where: 'lossGradients',
      problem: 'the loss depends on none of the parameters',
      got: names.slice(0, 4).map(([group, name]) => `${group}/${name}`),
      hint: 'Compute it from the tensors that were passed in, inside the callback.',
    });
  }
  for (const [name, metric] of Object.entries(metrics)) {
    if (!(metric instanceof tf.Tensor)) continue;
    metrics[name] = tf.clone(metric); // kept out of the forward pass's scope; now the caller's scope owns it
    metric.dispose();
  }
  return { gradients: gradients as PartialGroups<G>, metrics: { loss: value, ...metrics } };
}

function checkScalar(loss: tf.Tensor): tf.Scalar {
  if (loss.size === 1) return loss.rank === 0 ? (loss as tf.Scalar) : tf.reshape(loss, []);
  throw new SegError('invalid-argument', {
    where: 'lossGradients',
    problem: 'the loss must be one number',
    got: loss.shape,
    hint: 'Take the mean or the sum over voxels.',
  });
}
