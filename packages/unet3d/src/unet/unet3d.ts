import { maxPool3d } from '@seg/ops';
import type * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convBlock } from '../layers/conv-block.ts';
import { type DecoderOptions, decoder } from '../layers/decoder.ts';
import { dropoutPlan, dropsAnything } from '../layers/dropout-plan.ts';
import { encoderDecoder } from '../layers/encoder-decoder.ts';
import { type Layer, sequence } from '../layers/layer.ts';
import { recomputed } from '../layers/recomputed.ts';
import type { ConfiguredNetwork } from '../network.ts';
import { type ResolvedUnet3dConfig, type Unet3dConfig, unet3dConfig } from './config.ts';

/** A U-Net's configuration as stored with its weights. */
export type Unet3dSpec = { readonly kind: 'unet3d' } & ResolvedUnet3dConfig;

/** A U-Net; `Out` is a list of logits, finest first, where the configuration asks for deep supervision. */
export type Unet3d<Out = tf.Tensor5D> = ConfiguredNetwork<Out, Unet3dSpec>;

/**
 * A configurable 2-D or 3-D U-Net (Ronneberger et al. 2015, Çiçek et al. 2016) as a pure function of named parameters: "encoder.0.conv1.kernel", "encoder.0.norm1.scale",
 * "decoder.0.up.kernel", "decoder.0.conv1.kernel", "head.0.kernel"; stage 0 is the full resolution.
 *
 * Input [N, D, H, W, inputChannels] with axes that are multiples of the product of the strides; logits
 * [N, D, H, W, classes], or with `deepSupervision` a list, finest first, one for every decoder stage. Taps: the outputs
 * of "encoder.s" and "decoder.s". Dropout advances the context's generator once a pass.
 *
 * The defaults are nnU-Net's, whose versions differ in two of them: transposed convolutions have no bias, as in version 1
 * (Isensee et al. 2021), and heads have one, as in version 2. The plain network of version 2 (`PlainConvUNet`) is
 * `{ upBias: true, deepSupervision: true }`, that of version 1 (`Generic_UNet`) `{ headBias: false, deepSupervision: true }`.
 *
 * @throws SegError for a bad configuration, parameters or input that do not fit.
 *
 * @example
 * const network = unet3d({ classes: 3, features: [8, 16, 32] });
 * const params = network.init(Rng.fromSeed(1));
 * const logits = network.apply(params, x);
 */
export function unet3d(config: Unet3dConfig & { readonly deepSupervision: true }): Unet3d<tf.Tensor5D[]>;
export function unet3d(config: Unet3dConfig & { readonly deepSupervision?: false }): Unet3d;
export function unet3d(config: Unet3dConfig): Unet3d | Unet3d<tf.Tensor5D[]>;
export function unet3d(config: Unet3dConfig): Unet3d | Unet3d<tf.Tensor5D[]> {
  const c = unet3dConfig(config);
  const style: BlockStyle = c;
  const dropout = dropoutPlan('unet3d', c.dropout, c.features.length);
  const encoder = c.features.map((outputs, s) => encoderStage(c, style, s, outputs, dropout));
  const tail = decoder(decoderOptions(c, style, dropout));
  const network = encoderDecoder({
    where: 'unet3d',
    inputChannels: c.inputChannels,
    strides: c.strides,
    stages: encoder,
    decoder: tail,
    hasDropout: dropsAnything(c.dropout),
    single: !c.deepSupervision,
  });
  return { ...network, config: { kind: 'unet3d', ...c } } as Unet3d | Unet3d<tf.Tensor5D[]>;
}

function encoderStage(
  c: ResolvedUnet3dConfig,
  style: BlockStyle,
  s: number,
  outputs: number,
  dropout: DecoderOptions['dropout'],
): Layer {
  const stage = `encoder.${s}`;
  const strides = c.strides[s]!;
  const pooled = c.down === 'maxPool' && strides.some((n) => n > 1);
  const count = c.convsPerStage[s]!;
  const convs = Array.from({ length: count }, (_, i) =>
    convBlock({
      stage,
      index: i + 1,
      inputs: i > 0 ? outputs : s === 0 ? c.inputChannels : c.features[s - 1]!,
      outputs,
      kernel: c.kernels[s]!,
      strides: i === 0 && !pooled ? strides : [1, 1, 1],
      style,
      dropout: dropout(stage, i === count - 1),
    }),
  );
  const pool: Layer = { params: {}, buffers: {}, run: (x) => maxPool3d(x, { size: strides }) };
  const whole = sequence(pooled ? [pool, ...convs] : convs);
  return recomputed(whole, c.recompute);
}

function decoderOptions(
  c: ResolvedUnet3dConfig,
  style: BlockStyle,
  dropout: DecoderOptions['dropout'],
): DecoderOptions {
  const { headKernel: k } = c;
  return {
    ...c,
    convs: c.decoderConvs,
    upKernelFactor: c.upKernel === 'double' ? 2 : 1,
    headKernel: c.dims === 2 ? [1, k, k] : [k, k, k],
    style,
    dropout,
  };
}
