import type { ParamSpec, ParamSpecs } from '@seg/core';
import {
  batchNorm,
  conv3d,
  dropout,
  groupNorm,
  instanceNorm,
  leakyRelu,
  type Padding,
  prelu,
  type Size3,
} from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Layer, Pass } from './layer.ts';

export const normNames = ['none', 'instance', 'group', 'batch'] as const;
export const activationNames = ['relu', 'leakyRelu', 'prelu'] as const;
export const orderNames = ['conv-norm-act', 'conv-act-norm'] as const;
export const initNames = ['kaiming', 'torchDefault'] as const;

/** What all blocks of a network share. */
export interface BlockStyle {
  readonly norm: (typeof normNames)[number];
  readonly groups: number;
  readonly epsilon: number;
  readonly activation: (typeof activationNames)[number];
  readonly negativeSlope: number;
  readonly order: (typeof orderNames)[number];
  readonly init: (typeof initNames)[number];
  readonly convBias: boolean;
}

export interface DropoutStyle {
  readonly rate: number;
  readonly kind: 'element' | 'channel';
}

export interface ConvBlockOptions {
  /** Parameters are named `${stage}.conv${index}.kernel`, `${stage}.norm${index}.scale` and so on. */
  readonly stage: string;
  readonly index: number | string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: Size3;
  readonly strides: Size3;
  readonly style: BlockStyle;
  /** Default true. */
  readonly activate?: boolean;
  readonly dropout?: DropoutStyle | undefined;
}

/** Convolution with PyTorch's symmetric padding, then norm and activation in the style's order, then dropout. */
export function convBlock(options: ConvBlockOptions): Layer {
  const { stage, index, inputs, outputs, kernel, strides, style } = options;
  const conv = `${stage}.conv${index}`;
  const padding = kernel.map((k) => (k - 1) / 2) as unknown as Padding;
  const after = normAndActivation(stage, index, outputs, style, options.activate ?? true);
  return {
    params: { ...convSpecs(conv, [...kernel, inputs, outputs], style.convBias, style), ...after.params },
    buffers: after.buffers,
    run: (x, pass) =>
      tf.tidy(() => {
        const bias = style.convBias ? { bias: pass.params[`${conv}.bias`]! } : {};
        const y = conv3d(x, pass.params[`${conv}.kernel`]!, { strides, padding, ...bias });
        return applyDropout(after.run(y, pass), conv, options.dropout, pass);
      }),
  };
}

/** Specs of a convolution's kernel and bias; `fanIn` where it is not the product of all axes but the last. */
export function convSpecs(
  name: string,
  shape: readonly number[],
  bias: boolean,
  style: Pick<BlockStyle, 'init' | 'negativeSlope' | 'activation'>,
  transposed = false,
): ParamSpecs {
  const channels = shape[transposed ? 3 : 4]!;
  // For a transposed convolution PyTorch's initialisers count outputs * taps.
  const fanIn = shape[0]! * shape[1]! * shape[2]! * shape[3]!;
  const slope = style.activation === 'leakyRelu' ? style.negativeSlope : 0;
  const torch = style.init === 'torchDefault';
  const kernel: ParamSpec = {
    shape,
    role: 'kernel',
    init: torch ? { kind: 'fanInUniform' } : { kind: 'kaimingNormal', negativeSlope: slope },
    fanIn,
  };
  if (!bias) return { [`${name}.kernel`]: kernel };
  const init = torch ? ({ kind: 'fanInUniform' } as const) : ({ kind: 'constant', value: 0 } as const);
  return { [`${name}.kernel`]: kernel, [`${name}.bias`]: { shape: [channels], role: 'bias', init, fanIn } };
}

/** Norm and activation in the style's order; fused into one op where the norm comes first and the slope is fixed. */
export function normAndActivation(
  stage: string,
  index: number | string,
  channels: number,
  style: BlockStyle,
  activate: boolean,
): Layer {
  const norm = `${stage}.norm${index}`;
  const slopeName = `${stage}.act${index}.slope`;
  const { activation, order } = style;
  const fixedSlope = activation === 'relu' ? 0 : style.negativeSlope;
  const fused = activate && activation !== 'prelu' && order === 'conv-norm-act' && style.norm !== 'none';
  const vector = (role: ParamSpec['role'], value: number): ParamSpec => ({
    shape: [channels],
    role,
    init: { kind: 'constant', value },
  });
  const act = (x: tf.Tensor5D, pass: Pass) =>
    activation === 'prelu' ? prelu(x, pass.params[slopeName]!) : leakyRelu(x, fixedSlope);
  return {
    params: {
      ...(style.norm === 'none'
        ? {}
        : { [`${norm}.scale`]: vector('scale', 1), [`${norm}.offset`]: vector('offset', 0) }),
      ...(activate && activation === 'prelu' ? { [slopeName]: vector('slope', 0.25) } : {}),
    },
    buffers:
      style.norm === 'batch'
        ? { [`${norm}.mean`]: vector('statistic', 0), [`${norm}.variance`]: vector('statistic', 1) }
        : {},
    run: (x, pass) => {
      if (fused) return normalise(x, norm, style, fixedSlope, pass);
      if (!activate) return normalise(x, norm, style, 1, pass);
      return order === 'conv-norm-act'
        ? act(normalise(x, norm, style, 1, pass), pass)
        : normalise(act(x, pass), norm, style, 1, pass);
    },
  };
}

function normalise(x: tf.Tensor5D, name: string, style: BlockStyle, negativeSlope: number, pass: Pass): tf.Tensor5D {
  const { norm, groups, epsilon } = style;
  if (norm === 'none') return x;
  const scale = pass.params[`${name}.scale`]!;
  const offset = pass.params[`${name}.offset`]!;
  if (norm === 'instance') return instanceNorm(x, scale, offset, { epsilon, negativeSlope });
  if (norm === 'group') return groupNorm(x, scale, offset, { epsilon, negativeSlope, groups });
  const { statistics, buffers, updateBuffer } = pass.ctx;
  const training = statistics === 'batch';
  const runningMean = buffers?.[`${name}.mean`];
  const runningVariance = buffers?.[`${name}.variance`];
  return batchNorm(x, scale, offset, {
    epsilon,
    negativeSlope,
    training,
    ...(runningMean && runningVariance ? { runningMean, runningVariance } : {}),
    ...(training && updateBuffer && buffers
      ? {
          onStatistics: (mean: tf.Tensor, variance: tf.Tensor) => {
            updateBuffer(`${name}.mean`, mean);
            updateBuffer(`${name}.variance`, variance);
          },
        }
      : {}),
  });
}

/** Dropout keyed by the pass and the place, so that one place's draw does not depend on the others. */
export function applyDropout(x: tf.Tensor5D, place: string, style: DropoutStyle | undefined, pass: Pass): tf.Tensor5D {
  if (style === undefined || style.rate === 0 || pass.key === undefined) return x;
  return dropout(x, style.rate, pass.key.fork(place), { kind: style.kind });
}
