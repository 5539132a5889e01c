import * as tf from '@tensorflow/tfjs-core';
import { fusedKernels } from '../fused-kernels.ts';
import { runCustomOp } from '../internal/custom-op.ts';
import { hasKernel, runKernel } from '../internal/fused.ts';

/** Attributes of the fused norm kernels (see `fusedKernels.normActivation`). */
export interface NormAttrs {
  readonly groups: number;
  readonly epsilon: number;
  readonly negativeSlope: number;
}

type Inputs = { readonly x: tf.Tensor; readonly scale: tf.Tensor; readonly offset: tf.Tensor };

/** Norm per sample and group, scale, offset, leaky ReLU; gives [y, mean [N, groups], invStd [N, groups]]. */
export function normActivation(inputs: Inputs, attrs: NormAttrs): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const { x, scale, offset } = inputs;
  const outputs = runCustomOp({
    inputs: { x, scale, offset },
    forward: (save) => {
      const [y, mean, invStd] = hasKernel(fusedKernels.normActivation)
        ? runKernel(fusedKernels.normActivation, inputs, attrs)
        : composedForward(inputs, attrs);
      save([x, scale, offset, mean!, invStd!]);
      return [y!, mean!, invStd!];
    },
    gradient: (dy, [x, scale, offset, mean, invStd]) => {
      const saved = { x: x!, scale: scale!, offset: offset!, mean: mean!, invStd: invStd! };
      // All come from one pass, made here because each closure runs in a tidy scope of its own.
      const [dx, dScale, dOffset] = gradients(saved, dy, attrs);
      return { x: () => dx!, scale: () => dScale!, offset: () => dOffset! };
    },
  });
  return outputs as [tf.Tensor, tf.Tensor, tf.Tensor];
}

type Saved = Inputs & { readonly mean: tf.Tensor; readonly invStd: tf.Tensor };

function gradients(saved: Saved, dy: tf.Tensor, attrs: NormAttrs): tf.Tensor[] {
  return hasKernel(fusedKernels.normActivationGrad)
    ? runKernel(fusedKernels.normActivationGrad, { ...saved, dy }, attrs)
    : composedGradients(saved, dy, attrs);
}

// Composed forms work on [N, voxels, groups, channels of a group].
const grouped = (x: tf.Tensor, groups: number) => tf.reshape(x, [x.shape[0]!, -1, groups, x.shape[4]! / groups]);
const perChannel = (v: tf.Tensor, groups: number) => tf.reshape(v, [1, 1, groups, -1]);
const perGroup = (v: tf.Tensor) => tf.reshape(v, [v.shape[0]!, 1, v.shape[1]!, 1]);

function composedForward({ x, scale, offset }: Inputs, { groups, epsilon, negativeSlope }: NormAttrs): tf.Tensor[] {
  return tf.tidy(() => {
    const values = grouped(x, groups);
    const mean = tf.mean(values, [1, 3], true);
    const centred = tf.sub(values, mean);
    const invStd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), [1, 3], true), epsilon));
    const scaled = tf.mul(tf.mul(centred, invStd), perChannel(scale, groups));
    const z = tf.add(scaled, perChannel(offset, groups));
    const y = negativeSlope === 1 ? z : tf.mul(z, tf.step(z, negativeSlope));
    const statistics = [x.shape[0]!, groups];
    return [tf.reshape(y, x.shape), tf.reshape(mean, statistics), tf.reshape(invStd, statistics)];
  });
}

function composedGradients(saved: Saved, dy: tf.Tensor, { groups, negativeSlope }: NormAttrs): tf.Tensor[] {
  return tf.tidy(() => {
    const { x, scale, offset } = saved;
    const invStd = perGroup(saved.invStd);
    const normalised = tf.mul(tf.sub(grouped(x, groups), perGroup(saved.mean)), invStd);
    const factor = perChannel(scale, groups);
    let dz = grouped(dy, groups);
    if (negativeSlope !== 1) {
      const z = tf.add(tf.mul(normalised, factor), perChannel(offset, groups));
      dz = tf.mul(dz, tf.step(z, negativeSlope));
    }
    const dNormalised = tf.mul(dz, factor);
    const alongMean = tf.mean(dNormalised, [1, 3], true);
    const alongNormalised = tf.mul(normalised, tf.mean(tf.mul(dNormalised, normalised), [1, 3], true));
    const dx = tf.mul(tf.sub(tf.sub(dNormalised, alongMean), alongNormalised), invStd);
    const dScale = tf.sum(tf.mul(dz, normalised), [0, 1]);
    const dOffset = tf.sum(dz, [0, 1]);
    return [tf.reshape(dx, x.shape), tf.reshape(dScale, [-1]), tf.reshape(dOffset, [-1])];
  });
}
