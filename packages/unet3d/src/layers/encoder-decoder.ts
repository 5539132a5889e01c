import type { Network } from '@seg/core';
import type { Size3 } from '@seg/ops';
import type * as tf from '@tensorflow/tfjs-core';
import { networkOf, totalStride } from '../network.ts';
import type { Decoder, Inject } from './decoder.ts';
import { type Layer, type Pass, specsOf } from './layer.ts';

export interface EncoderDecoderOptions {
  readonly where: string;
  readonly inputChannels: number;
  /** Stride into each stage. */
  readonly strides: readonly Size3[];
  /** The encoder's stages, finest first. */
  readonly stages: readonly Layer[];
  readonly decoder: Decoder;
  readonly hasDropout: boolean;
  /** One output rather than a list. */
  readonly single: boolean;
  /** What feeds a decoder that was made with `injected`. */
  readonly injection?: Injection;
}

/** A part of a network whose results go into the decoder: its parameters, and what it gives in one pass. */
export interface Injection extends Pick<Layer, 'params' | 'buffers'> {
  inject(pass: Pass): Inject;
}

/** The network of an encoder whose stage outputs a decoder joins; taps "encoder.s" and what the decoder offers. */
export function encoderDecoder(options: EncoderDecoderOptions): Network<tf.Tensor5D | tf.Tensor5D[]> {
  const { where, inputChannels, strides, stages, decoder, hasDropout, single, injection } = options;
  return networkOf({
    where,
    inputChannels,
    divisors: totalStride(strides),
    hasDropout,
    specs: specsOf([...stages, decoder, ...(injection === undefined ? [] : [injection])]),
    single,
    run: (x, pass, tap) => {
      const skips: tf.Tensor5D[] = [];
      const kept: boolean[] = [];
      for (const [s, stage] of stages.entries()) {
        const y = stage.run(s === 0 ? x : skips[s - 1]!, pass);
        skips.push(y);
        kept.push(tap(`encoder.${s}`, y));
      }
      const inject = injection?.inject(pass);
      const logits = decoder.run({ skips, tap, ...(inject === undefined ? {} : { inject }) }, pass);
      for (const [s, skip] of skips.entries()) if (!kept[s]) skip.dispose();
      return logits;
    },
  });
}
