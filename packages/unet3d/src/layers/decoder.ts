import { SegError } from '@seg/core';
import { concatChannels, type Size3 } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convBlock } from './conv-block.ts';
import type { DropoutPlan } from './dropout-plan.ts';
import { headLayer } from './head.ts';
import { type Layer, type Pass, sequence, specsOf } from './layer.ts';
import { recomputed } from './recomputed.ts';
import { upLayer, type upNames } from './up.ts';

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
  /** Channels that `inject` adds to the input of decoder stage s (0: it is not asked), and to that of head 0. */
  readonly injected?: { readonly stages?: readonly number[]; readonly head?: number };
}

/** Takes the encoder's stage outputs, finest first, and taps; gives logits, finest first (one unless deep supervision). */
export type Decoder = Layer<DecoderInput, tf.Tensor5D[]>;

/**
 * Gives the further channels [N, D, H, W, n] that stage `place` joins to its upsampled input and its skip, at the skip's
 * resolution: samples of a latent (hierarchical probabilistic U-Net), the scores of an earlier network (cascade). Asked
 * from the coarsest stage to the finest with what the stage below made and the skip, then for `'head'` with the finest
 * features twice (probabilistic U-Net). The decoder disposes what it gets.
 */
export type Inject = (place: number | 'head', below: tf.Tensor5D, skip: tf.Tensor5D) => tf.Tensor5D;

export interface DecoderInput {
  readonly skips: readonly tf.Tensor5D[];
  readonly tap: (name: string, x: tf.Tensor5D) => boolean;
  /** Needed where the decoder was made with `injected`. */
  readonly inject?: Inject;
}

/** The light decoder of the U-Net family: up, concatenate, convolve, and a head where one is wanted. */
export function decoder(options: DecoderOptions): Decoder {
  const { features, deepSupervision, injected = {} } = options;
  const last = features.length - 1;
  const stages = features.slice(0, last).map((_, s) => decoderStage(options, s));
  const headStages = deepSupervision ? Math.max(1, last) : 1;
  const heads = features.slice(0, headStages).map((inputs, s) =>
    headLayer({
      name: `head.${s}`,
      inputs: inputs + (s === 0 ? (injected.head ?? 0) : 0),
      classes: options.classes,
      kernel: options.headKernel,
      bias: options.headBias,
      hidden: options.headHidden,
      style: options.style,
    }),
  );
  const finest = (x: tf.Tensor5D, pass: Pass, inject: Inject | undefined) => {
    if (!injected.head) return heads[0]!.run(x, pass);
    return tf.tidy(() => heads[0]!.run(concatChannels([x, injectedAt('head', injected.head!, x, x, inject)]), pass));
  };
  return {
    ...specsOf([...stages, ...heads]),
    run: ({ skips, tap, inject }, pass) => {
      const logits: tf.Tensor5D[] = [];
      let x = skips[last]!;
      let free = false;
      for (let s = last - 1; s >= 0; s--) {
        const low = x;
        const more = injected.stages?.[s] ? [injectedAt(s, injected.stages[s]!, low, skips[s]!, inject)] : [];
        x = stages[s]!.run([low, skips[s]!, ...more], pass);
        tf.dispose(more);
        if (free) low.dispose();
        free = !tap(`decoder.${s}`, x);
        if (s < headStages) logits.unshift(s === 0 ? finest(x, pass, inject) : heads[s]!.run(x, pass));
      }
      if (last === 0) logits.push(finest(x, pass, inject));
      if (free) x.dispose();
      return logits;
    },
  };
}

function injectedAt(
  place: number | 'head',
  channels: number,
  below: tf.Tensor5D,
  skip: tf.Tensor5D,
  inject: Inject | undefined,
): tf.Tensor5D {
  const extra = inject?.(place, below, skip);
  const expected = [...skip.shape.slice(0, 4), channels];
  if (extra?.shape.join() === expected.join()) return extra!;
  throw new SegError('shape-mismatch', {
    where: 'decoder',
    problem: `the tensor injected into ${place === 'head' ? 'the head' : `decoder stage ${place}`} does not fit`,
    got: extra?.shape,
    expected,
    hint: "Give it the skip's resolution and the channels that the decoder was made for.",
  });
}

/** From [low, skip] and what is injected to the stage's output. */
function decoderStage(options: DecoderOptions, s: number): Layer<readonly tf.Tensor5D[]> {
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
      inputs: i === 0 ? 2 * outputs + (options.injected?.stages?.[s] ?? 0) : outputs,
      outputs,
      kernel: kernels[s]!,
      strides: [1, 1, 1],
      style,
      dropout: options.dropout(stage, i === options.convs[s]! - 1),
    }),
  );
  const convs = sequence(blocks);
  const stageLayer: Layer<readonly tf.Tensor5D[]> = {
    ...specsOf([up, convs]),
    run: ([low, skip, ...injected], pass) =>
      tf.tidy(() => {
        const risen = up.run([low!, skip!], pass);
        const joined = concatChannels([...(skipOrder === 'up-skip' ? [risen, skip!] : [skip!, risen]), ...injected]);
        risen.dispose();
        return convs.run(joined, pass);
      }),
  };
  return recomputed(stageLayer, options.recompute);
}
