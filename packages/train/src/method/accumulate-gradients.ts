import type { Params } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LossGradients } from './loss-gradients.ts';
import type { PartialGroups } from './method.ts';

/**
 * Mean of the gradients and metrics of several losses, for steps that go through a batch case by case.
 *
 * A parameter that only some losses have a gradient for gets the sum of those divided by the number of all losses,
 * unless its group is in `perCase`: then its gradients are summed undivided (a case's own latent). `compute` is called
 * for each index in its own tidy, so only one case's activations are in memory at a time.
 */
export function accumulateGradients<G extends string>(
  count: number,
  compute: (index: number) => LossGradients<G>,
  options: { readonly perCase?: readonly NoInfer<G>[] } = {},
): LossGradients<G> {
  const sums: Partial<Record<G, Record<string, tf.Tensor>>> = {};
  const metrics: Record<string, tf.Tensor> = {};
  for (let index = 0; index < count; index++) {
    const part = tf.tidy(() => {
      const { gradients, metrics: values } = compute(index);
      return { gradients, metrics: values } as unknown as tf.TensorContainerObject;
    }) as unknown as LossGradients<G>;
    for (const [name, value] of Object.entries(part.metrics)) {
      const share = tf.tidy(() => tf.div(value, count));
      if (typeof value !== 'number') value.dispose();
      const before = metrics[name];
      metrics[name] = before === undefined ? share : tf.add(before, share);
      if (before !== undefined) tf.dispose([before, share]);
    }
    for (const group of Object.keys(part.gradients) as G[]) {
      const target: Record<string, tf.Tensor> = (sums[group] ??= {});
      for (const [name, gradient] of Object.entries(part.gradients[group] as Params)) {
        const before = target[name];
        target[name] = before === undefined ? gradient : tf.add(before, gradient);
        if (before === undefined) continue;
        before.dispose();
        gradient.dispose();
      }
    }
  }
  for (const group of Object.keys(sums) as G[]) {
    if (options.perCase?.includes(group)) continue;
    const target = sums[group] as Record<string, tf.Tensor>;
    for (const [name, sum] of Object.entries(target)) {
      target[name] = tf.div(sum, count);
      sum.dispose();
    }
  }
  return { gradients: sums as PartialGroups<G>, metrics };
}
