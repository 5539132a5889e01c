import { conv3d, type Size3 } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BlockStyle, convBlock, convSpecs, normAndActivation } from '../layers/conv-block.ts';
import type { Decoder } from '../layers/decoder.ts';
import { type DropoutPlan, dropoutPlan, dropsAnything } from '../layers/dropout-plan.ts';
import { encoderDecoder } from '../layers/encoder-decoder.ts';
import { headLayer } from '../layers/head.ts';
import { type Layer, sequence, specsOf } from '../layers/layer.ts';
import { upLayer } from '../layers/up.ts';
import type { ConfiguredNetwork } from '../network.ts';
import { type ResolvedVnetConfig, type VnetConfig, vnetConfig } from './config.ts';

/** A V-Net's configuration as stored with its weights. */
export type VnetSpec = { readonly kind: 'vnet' } & ResolvedVnetConfig;

export type Vnet = ConfiguredNetwork<tf.Tensor5D, VnetSpec>;

const unit: Size3 = [1, 1, 1];
const kernel: Size3 = [3, 3, 3];
const half: Size3 = [2, 2, 2];

/**
 * The V-Net (after Milletari et al. 2016) in the plain form that the mean-teacher literature uses (Yu et al. 2019): 3x3x3
 * convolutions without residual sums, convolutions of kernel and stride 2 down and up, skips added. Parameters:
 * "encoder.1.down.kernel", "encoder.1.down.norm.scale", "encoder.1.conv1.kernel", "decoder.0.up.kernel",
 * "decoder.0.up.norm.scale", "head.0.kernel".
 *
 * Input [N, D, H, W, inputChannels] with axes that are multiples of 2^(stages - 1); logits [N, D, H, W, classes]. With
 * batch norm (the default) the running statistics are in `bufferSpecs`. Dropout (on by default) needs the context's
 * generator in training and advances it once a pass.
 *
 * @throws SegError for a bad configuration, parameters or input that do not fit.
 */
export function vnet(config: VnetConfig): Vnet {
  const c = vnetConfig(config);
  const style: BlockStyle = { ...c, epsilon: 1e-5, negativeSlope: 0.01, order: 'conv-norm-act', convBias: true };
  const dropout = dropoutPlan('vnet', c.dropout, c.features.length);
  const network = encoderDecoder({
    where: 'vnet',
    inputChannels: c.inputChannels,
    strides: c.features.map((_, s) => (s === 0 ? unit : half)),
    stages: c.features.map((_, s) => {
      const convs = stageConvs(
        `encoder.${s}`,
        c.encoderConvs[s]!,
        c.features[s]!,
        s === 0 ? c.inputChannels : undefined,
        style,
        dropout,
      );
      return s === 0 ? convs : sequence([downLayer(`encoder.${s}`, c.features[s - 1]!, c.features[s]!, style), convs]);
    }),
    decoder: addingDecoder(c, style, dropout),
    hasDropout: dropsAnything(c.dropout),
    single: true,
  });
  return { ...network, config: { kind: 'vnet', ...c } } as Vnet;
}

function stageConvs(
  stage: string,
  count: number,
  features: number,
  inputs: number | undefined,
  style: BlockStyle,
  dropout: DropoutPlan,
): Layer {
  const convs = Array.from({ length: count }, (_, i) =>
    convBlock({
      stage,
      index: i + 1,
      inputs: i === 0 ? (inputs ?? features) : features,
      outputs: features,
      kernel,
      strides: unit,
      style,
      dropout: dropout(stage, i === count - 1),
    }),
  );
  return sequence(convs);
}

function downLayer(stage: string, inputs: number, outputs: number, style: BlockStyle): Layer {
  const name = `${stage}.down`;
  const after = normAndActivation(name, '', outputs, style, true);
  return {
    params: { ...convSpecs(name, [...half, inputs, outputs], true, style), ...after.params },
    buffers: after.buffers,
    run: (x, pass) =>
      tf.tidy(() => {
        const bias = pass.params[`${name}.bias`]!;
        return after.run(conv3d(x, pass.params[`${name}.kernel`]!, { strides: half, padding: 'valid', bias }), pass);
      }),
  };
}

function addingDecoder(c: ResolvedVnetConfig, style: BlockStyle, dropout: DropoutPlan): Decoder {
  const last = c.features.length - 1;
  const stages = c.features.slice(0, last).map((features, s) => {
    const stage = `decoder.${s}`;
    const up = upLayer({
      stage,
      inputs: c.features[s + 1]!,
      outputs: features,
      strides: half,
      up: 'transposedConv',
      kernelFactor: 1,
      bias: true,
      block: true,
      style,
    });
    return { up, convs: stageConvs(stage, c.decoderConvs[s]!, features, undefined, style, dropout) };
  });
  const head = headLayer({
    name: 'head.0',
    inputs: c.features[0]!,
    classes: c.classes,
    kernel: unit,
    bias: true,
    hidden: [],
    style,
  });
  return {
    ...specsOf([...stages.flatMap((s) => [s.up, s.convs]), head]),
    run: ({ skips, tap }, pass) => {
      let x = skips[last]!;
      let free = false;
      for (let s = last - 1; s >= 0; s--) {
        const { up, convs } = stages[s]!;
        const low = x;
        x = tf.tidy(() => convs.run(tf.add(up.run([low, skips[s]!], pass), skips[s]!) as tf.Tensor5D, pass));
        if (free) low.dispose();
        free = !tap(`decoder.${s}`, x);
      }
      const logits = head.run(x, pass);
      if (free) x.dispose();
      return [logits];
    },
  };
}
