import type * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convBlock } from '../layers/conv-block.ts';
import { decoder } from '../layers/decoder.ts';
import { encoderDecoder } from '../layers/encoder-decoder.ts';
import { type Layer, sequence } from '../layers/layer.ts';
import { recomputed } from '../layers/recomputed.ts';
import type { ConfiguredNetwork } from '../network.ts';
import { type ResEncUnet3dConfig, type ResolvedResEncUnet3dConfig, resEncUnet3dConfig } from './config.ts';
import { residualBlock } from './residual-block.ts';

/** A residual-encoder U-Net's configuration as stored with its weights. */
export type ResEncUnet3dSpec = { readonly kind: 'resEncUnet3d' } & ResolvedResEncUnet3dConfig;

/** A residual-encoder U-Net; `Out` is a list of logits, finest first, with deep supervision. */
export type ResEncUnet3d<Out = tf.Tensor5D> = ConfiguredNetwork<Out, ResEncUnet3dSpec>;

/**
 * nnU-Net's residual-encoder U-Net (Isensee et al. 2024): a stem, residual blocks in the encoder, a light decoder.
 * Parameters: "stem.conv.kernel", "encoder.1.block2.conv1.kernel", "encoder.1.block1.shortcut.conv.kernel",
 * "decoder.0.up.kernel", "decoder.0.conv1.kernel", "head.0.kernel".
 *
 * Input, output and taps as for `unet3d`.
 *
 * @throws SegError for a bad configuration, parameters or input that do not fit.
 */
export function resEncUnet3d(
  config: ResEncUnet3dConfig & { readonly deepSupervision: true },
): ResEncUnet3d<tf.Tensor5D[]>;
export function resEncUnet3d(config: ResEncUnet3dConfig & { readonly deepSupervision?: false }): ResEncUnet3d;
export function resEncUnet3d(config: ResEncUnet3dConfig): ResEncUnet3d | ResEncUnet3d<tf.Tensor5D[]>;
export function resEncUnet3d(config: ResEncUnet3dConfig): ResEncUnet3d | ResEncUnet3d<tf.Tensor5D[]> {
  const c = resEncUnet3dConfig(config);
  const style: BlockStyle = { ...c, order: 'conv-norm-act' };
  const network = encoderDecoder({
    where: 'resEncUnet3d',
    inputChannels: c.inputChannels,
    strides: c.strides,
    stages: c.features.map((_, s) => stage(c, style, s)),
    decoder: decoder({
      ...c,
      convs: c.decoderConvs,
      up: 'transposedConv',
      upKernelFactor: 1,
      upBlock: false,
      skipOrder: 'up-skip',
      headKernel: [1, 1, 1],
      headBias: true,
      headHidden: [],
      style,
      dropout: () => undefined,
    }),
    hasDropout: false,
    single: !c.deepSupervision,
  });
  return { ...network, config: { kind: 'resEncUnet3d', ...c } } as ResEncUnet3d | ResEncUnet3d<tf.Tensor5D[]>;
}

function stage(c: ResolvedResEncUnet3dConfig, style: BlockStyle, s: number): Layer {
  const outputs = c.features[s]!;
  const kernel = c.kernels[s]!;
  const stem = convBlock({
    stage: 'stem',
    index: '',
    inputs: c.inputChannels,
    outputs: c.features[0]!,
    kernel,
    strides: [1, 1, 1],
    style,
  });
  const blocks = Array.from({ length: c.blocksPerStage[s]! }, (_, i) =>
    residualBlock({
      name: `encoder.${s}.block${i + 1}`,
      inputs: i > 0 ? outputs : c.features[Math.max(0, s - 1)]!,
      outputs,
      kernel,
      strides: i === 0 ? c.strides[s]! : [1, 1, 1],
      shortcut: c.shortcut,
      zeroInit: c.zeroInitResidual,
      style,
    }),
  );
  const whole = sequence(s === 0 ? [stem, ...blocks] : blocks);
  return recomputed(whole, c.recompute);
}
