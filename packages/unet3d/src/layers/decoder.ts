import type { Size3 } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convBlock } from './conv-block.ts';
import type { DropoutPlan } from './dropout-plan.ts';
import { headLayer } from './head.ts';
import { type Layer, sequence, specsOf } from './layer.ts';
import { recomputed } from './recomputed.ts';
import { joinSkip, upLayer, type upNames } from './up.ts';

export const skipOrderNames = ['up-skip', 'skip-up'] as const;

export interface DecoderOptions {
  /** Channels, kernels and strides of the encoder's stages, finest first; strides[s] lead into stage s. */
  readonly features: readonly number[];
  readonly kernels: readonly Size3[];
  readonly strides: readonly Size3[];
  /** Convolutions of decoder stage s (one entry fewer than stages). */
  readonly convs: readonly number[];
  readonly classes: number;
  readonly up: (typeof upNames)[number];
  readonly upKernelFactor: 1 | 2;
  readonly upBias: boolean;
  readonly upBlock: boolean;
  readonly skipOrder: (typeof skipOrderNames)[number];
  readonly headKernel: Size3;
  readonly headBias: boolean;
  readonly headHidden: readonly number[];
  readonly deepSupervision: boolean;
  /** Keep nothing of the inside of stages for the gradient. */
  readonly recompute: boolean;
  readonly style: BlockStyle;
  readonly dropout: DropoutPlan;
}

/** Takes the encoder's stage outputs, finest first, and taps; gives logits, finest first (one unless deep supervision). */
export type Decoder = Layer<DecoderInput, tf.Tensor5D[]>;

export interface DecoderInput {
  readonly skips: readonly tf.Tensor5D[];
  readonly tap: (name: string, x: tf.Tensor5D) => boolean;
}

/** The light decoder of the U-Net family: up, concatenate, convolve, and a head where one is wanted. */
export function decoder(options: DecoderOptions): Decoder {
  const { features, deepSupervision } = options;
  const last = features.length - 1;
  const stages = features.slice(0, last).map((_, s) => decoderStage(options, s));
  const headStages = deepSupervision ? Math.max(1, last) : 1;
  const heads = features.slice(0, headStages).map((inputs, s) =>
    headLayer({
      name: `head.${s}`,
      inputs,
      classes: options.classes,
      kernel: options.headKernel,
      bias: options.headBias,
      hidden: options.headHidden,
      style: options.style,
    }),
  );
  return {
    ...specsOf([...stages, ...heads]),
    run: ({ skips, tap }, pass) => {
      const logits: tf.Tensor5D[] = [];
      let x = skips[last]!;
      let free = false;
      for (let s = last - 1; s >= 0; s--) {
        const low = x;
        x = stages[s]!.run([low, skips[s]!], pass);
        if (free) low.dispose();
        free = !tap(`decoder.${s}`, x);
        if (s < headStages) logits.unshift(heads[s]!.run(x, pass));
      }
      if (last === 0) logits.push(heads[0]!.run(x, pass));
      if (free) x.dispose();
      return logits;
    },
  };
}

/** From [low, skip] to the stage's output. */
function decoderStage(options: DecoderOptions, s: number): Layer<readonly [tf.Tensor5D, tf.Tensor5D]> {
  const { features, kernels, strides, style, skipOrder } = options;
  const stage = `decoder.${s}`;
  const outputs = features[s]!;
  const up = upLayer({
    stage,
    inputs: features[s + 1]!,
    outputs,
    strides: strides[s + 1]!,
    up: options.up,
    kernelFactor: options.upKernelFactor,
    bias: options.upBias,
    block: options.upBlock,
    style,
  });
  const blocks = Array.from({ length: options.convs[s]! }, (_, i) =>
    convBlock({
      stage,
      index: i + 1,
      inputs: i === 0 ? 2 * outputs : outputs,
      outputs,
      kernel: kernels[s]!,
      strides: [1, 1, 1],
      style,
      dropout: options.dropout(stage, i === options.convs[s]! - 1),
    }),
  );
  const convs = sequence(blocks);
  const stageLayer: Layer<readonly [tf.Tensor5D, tf.Tensor5D]> = {
    ...specsOf([up, convs]),
    run: ([low, skip], pass) =>
      tf.tidy(() => {
        const risen = up.run([low, skip], pass);
        const joined = joinSkip(risen, skip, skipOrder);
        risen.dispose();
        return convs.run(joined, pass);
      }),
  };
  return options.recompute ? recomputed(stageLayer) : stageLayer;
}
