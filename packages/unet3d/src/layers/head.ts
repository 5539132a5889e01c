import { conv3d, type Padding, type Size3 } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convBlock, convSpecs } from './conv-block.ts';
import { type Layer, specsOf } from './layer.ts';

export interface HeadOptions {
  /** Parameters are named `${name}.kernel` and so on. */
  readonly name: string;
  readonly inputs: number;
  readonly classes: number;
  readonly kernel: Size3;
  readonly bias: boolean;
  /** Channels of 1x1x1 convolutions with activation (no norm) before the last one. */
  readonly hidden: readonly number[];
  readonly style: BlockStyle;
}

/** The convolution from features to logits. */
export function headLayer({ name, inputs, classes, kernel, bias, hidden, style }: HeadOptions): Layer {
  const plain: BlockStyle = { ...style, norm: 'none', order: 'conv-norm-act', convBias: true };
  const widths = [inputs, ...hidden];
  const blocks = hidden.map((outputs, i) =>
    convBlock({
      stage: name,
      index: i + 1,
      inputs: widths[i]!,
      outputs,
      kernel: [1, 1, 1],
      strides: [1, 1, 1],
      style: plain,
    }),
  );
  const specs = specsOf(blocks);
  const padding = kernel.map((k) => (k - 1) / 2) as unknown as Padding;
  return {
    params: { ...specs.params, ...convSpecs(name, [...kernel, widths[widths.length - 1]!, classes], bias, style) },
    buffers: specs.buffers,
    run: (x, pass) =>
      tf.tidy(() => {
        const features = blocks.reduce((y, block) => block.run(y, pass), x);
        const withBias = bias ? { bias: pass.params[`${name}.bias`]! } : {};
        return conv3d(features, pass.params[`${name}.kernel`]!, { padding, ...withBias });
      }),
  };
}
