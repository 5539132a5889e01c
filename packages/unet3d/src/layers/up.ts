import { conv3d, conv3dTranspose, type Padding, resizeTrilinear, type Size3 } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convSpecs, normAndActivation } from './conv-block.ts';
import type { Layer } from './layer.ts';

export const upNames = ['transposedConv', 'trilinear'] as const;

export interface UpOptions {
  /** Parameters are named `${stage}.up.kernel` and so on. */
  readonly stage: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly strides: Size3;
  readonly up: (typeof upNames)[number];
  /** Kernel of a transposed convolution as a multiple of its stride: 1 or 2 (padded by half the stride). */
  readonly kernelFactor: 1 | 2;
  readonly bias: boolean;
  /** Norm and activation after it, in the style's order. */
  readonly block: boolean;
  readonly style: BlockStyle;
}

/** From [low, skip] to low brought to the skip's size and channel count. */
export function upLayer(options: UpOptions): Layer<readonly [tf.Tensor5D, tf.Tensor5D]> {
  const { stage, inputs, outputs, strides, up, kernelFactor, bias, block, style } = options;
  const name = `${stage}.up`;
  const transposed = up === 'transposedConv';
  const kernel = strides.map((s) => (!transposed || s === 1 ? 1 : s * kernelFactor));
  const shape = transposed ? [...kernel, outputs, inputs] : [1, 1, 1, inputs, outputs];
  const padding = strides.map((s, a) => (kernel[a]! - (transposed ? s : 1)) / 2) as unknown as Padding;
  const after = block ? normAndActivation(name, '', outputs, style, true) : undefined;
  return {
    params: { ...convSpecs(name, shape, bias, style, transposed), ...after?.params },
    buffers: after?.buffers ?? {},
    run: ([low, skip], pass) =>
      tf.tidy(() => {
        const weights = pass.params[`${name}.kernel`]!;
        const withBias = bias ? { bias: pass.params[`${name}.bias`]! } : {};
        // A 1x1x1 convolution and interpolation commute; on the coarse grid the convolution costs an eighth.
        const y = transposed
          ? conv3dTranspose(low, weights, { strides, padding, ...withBias })
          : resizeTrilinear(conv3d(low, weights, withBias), skip.shape.slice(1, 4) as unknown as Size3);
        return after ? after.run(y, pass) : y;
      }),
  };
}
