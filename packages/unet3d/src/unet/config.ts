import { SegError } from '@seg/core';
import type { Size3 } from '@seg/ops';
import { activationNames, initNames, normNames, orderNames } from '../layers/conv-block.ts';
import { skipOrderNames } from '../layers/decoder.ts';
import { type DropoutConfig, dropoutPlan } from '../layers/dropout-plan.ts';
import { upNames } from '../layers/up.ts';
import { checkOddKernels, configReader } from './check-config.ts';

const downNames = ['stridedConv', 'maxPool'] as const;
const upKernelNames = ['stride', 'double'] as const;

/** A U-Net as plain JSON. Stages count from the full resolution down; sizes are n or [depth, height, width]. */
export interface Unet3dConfig {
  /** 2: kernels and strides of 1 along depth, where a size is given as a number. Default 3. */
  readonly dims?: 2 | 3;
  /** Default 1. */
  readonly inputChannels?: number;
  /** Channels of the logits, background included. */
  readonly classes: number;
  /** Channels of each stage; its length is the number of stages. */
  readonly features: readonly number[];
  /** Kernel of each stage's convolutions (odd). Default 3. */
  readonly kernels?: number | readonly (number | Size3)[];
  /** Stride into each stage, the first usually 1. Default 1, then 2. */
  readonly strides?: readonly (number | Size3)[];
  /** Convolutions of each encoder stage. Default 2. */
  readonly convsPerStage?: number | readonly number[];
  /** Convolutions of each decoder stage. Default 2. */
  readonly decoderConvs?: number | readonly number[];
  /** Default 'instance'. */
  readonly norm?: (typeof normNames)[number];
  /** Groups of 'group' norm. Default 8. */
  readonly groups?: number;
  /** Added to the variance in norms. Default 1e-5. */
  readonly epsilon?: number;
  /** Default 'leakyRelu'. */
  readonly activation?: (typeof activationNames)[number];
  /** Of 'leakyRelu'. Default 0.01. */
  readonly negativeSlope?: number;
  /** Default 'conv-norm-act'. */
  readonly order?: (typeof orderNames)[number];
  /** Bias in the stages' convolutions. Default true. */
  readonly convBias?: boolean;
  /** Active in training only. Default none. */
  readonly dropout?: DropoutConfig | null;
  /** Logits of every decoder stage (finest first) rather than of the last. Default false. */
  readonly deepSupervision?: boolean;
  /** How a stage's stride is made: in its first convolution, or by max-pooling before it. Default 'stridedConv'. */
  readonly down?: (typeof downNames)[number];
  /** 'trilinear' is a 1x1x1 convolution and interpolation to the skip's size. Default 'transposedConv'. */
  readonly up?: (typeof upNames)[number];
  /** Kernel of the transposed convolutions: as the stride (2 for 2), or twice that (4 for 2, padding 1). Default 'stride'. */
  readonly upKernel?: (typeof upKernelNames)[number];
  /** Of the transposed convolutions; default false, as in nnU-Net's version 1 (version 2: true). */
  readonly upBias?: boolean;
  /** Norm and activation after the upsampling, before the concatenation. Default false. */
  readonly upBlock?: boolean;
  /** Default 'up-skip'. */
  readonly skipOrder?: (typeof skipOrderNames)[number];
  /** 1 or 3. Default 1. */
  readonly headKernel?: 1 | 3;
  /** Default true, as in nnU-Net's version 2 (version 1: false). */
  readonly headBias?: boolean;
  /** Channels of further 1x1x1 convolutions (with activation) before the logits. Default none. */
  readonly headHidden?: readonly number[];
  /** Kaiming normal with zero biases (nnU-Net), or PyTorch's default for kernels and biases. Default 'kaiming'. */
  readonly init?: (typeof initNames)[number];
  /**
   * In training, keep only the outputs of stages, and compute what lies inside them again for the gradient (gradient
   * checkpointing): the same results, and less memory where stages have more than two convolutions, for about a third
   * more time. Default false.
   */
  readonly recompute?: boolean;
}

/** A configuration with every field present and checked; still plain JSON. */
export type ResolvedUnet3dConfig = {
  readonly [K in Exclude<
    keyof Unet3dConfig,
    'kernels' | 'strides' | 'convsPerStage' | 'decoderConvs' | 'dropout'
  >]-?: Exclude<Unet3dConfig[K], undefined>;
} & {
  readonly kernels: readonly Size3[];
  readonly strides: readonly Size3[];
  readonly convsPerStage: readonly number[];
  readonly decoderConvs: readonly number[];
  readonly dropout: Required<DropoutConfig> | null;
};

const fields = [
  ...['dims', 'inputChannels', 'classes', 'features', 'kernels', 'strides', 'convsPerStage', 'decoderConvs', 'norm'],
  ...['groups', 'epsilon', 'activation', 'negativeSlope', 'order', 'convBias', 'dropout', 'deepSupervision', 'down'],
  ...['up', 'upKernel', 'upBias', 'upBlock', 'skipOrder', 'headKernel', 'headBias', 'headHidden', 'init'],
  'recompute',
];

/**
 * Checks a U-Net configuration (from code or from a file) and fills in the defaults.
 *
 * @throws SegError `unknown-option` or `invalid-argument` naming the field.
 */
export function unet3dConfig(config: Unet3dConfig): ResolvedUnet3dConfig {
  const where = 'unet3d';
  let dims: 2 | 3 = 3;
  const read = configReader(where, config, () => dims);
  read.only(fields);
  dims = read.oneOf('dims', [2, 3], 3);
  const features = read.counts('features', 1);
  const stages = features.length;
  if (stages === 0)
    throw new SegError('invalid-argument', { where, problem: 'needs at least one stage', got: features });
  const resolved: ResolvedUnet3dConfig = {
    dims,
    inputChannels: read.count('inputChannels', 1, 1),
    classes: read.count('classes', 1),
    features,
    kernels: read.sizes('kernels', stages, () => 3),
    strides: read.sizes('strides', stages, (s) => (s === 0 ? 1 : 2)),
    convsPerStage: read.spread('convsPerStage', stages, 1, 2),
    decoderConvs: read.spread('decoderConvs', stages - 1, 1, 2),
    norm: read.choice('norm', normNames, 'instance'),
    groups: read.count('groups', 1, 8),
    epsilon: read.number('epsilon', 0, 1, 1e-5),
    activation: read.choice('activation', activationNames, 'leakyRelu'),
    negativeSlope: read.number('negativeSlope', 0, 1, 0.01),
    order: read.choice('order', orderNames, 'conv-norm-act'),
    convBias: read.flag('convBias', true),
    dropout: read.dropout('dropout'),
    deepSupervision: read.flag('deepSupervision', false),
    down: read.choice('down', downNames, 'stridedConv'),
    up: read.choice('up', upNames, 'transposedConv'),
    upKernel: read.choice('upKernel', upKernelNames, 'stride'),
    upBias: read.flag('upBias', false),
    upBlock: read.flag('upBlock', false),
    skipOrder: read.choice('skipOrder', skipOrderNames, 'up-skip'),
    headKernel: read.oneOf('headKernel', [1, 3], 1),
    headBias: read.flag('headBias', true),
    headHidden: read.counts('headHidden', 1, []),
    init: read.choice('init', initNames, 'kaiming'),
    recompute: read.flag('recompute', false),
  };
  checkCombination(where, resolved);
  return resolved;
}

function checkCombination(where: string, c: ResolvedUnet3dConfig): void {
  const fail = (problem: string, got: unknown): never => {
    throw new SegError('invalid-argument', { where, problem, got });
  };
  checkOddKernels(where, 'kernels', c.kernels);
  if (c.norm === 'group' && [...c.features].some((f) => f % c.groups !== 0)) {
    fail('groups must divide the features of every stage', { groups: c.groups, features: c.features });
  }
  if (
    c.up === 'transposedConv' &&
    c.upKernel === 'double' &&
    c.strides.slice(1).some((s) => s.some((n) => n % 2 && n > 1))
  ) {
    fail('upKernel "double" needs strides of 1 or even ones', c.strides);
  }
  dropoutPlan(where, c.dropout, c.features.length);
}
