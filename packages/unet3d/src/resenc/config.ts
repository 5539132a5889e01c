import { SegError } from '@seg/core';
import type { Size3 } from '@seg/ops';
import { activationNames, initNames, normNames } from '../layers/conv-block.ts';
import { checkOddKernels, configReader } from '../unet/check-config.ts';

const shortcutNames = ['avgPool', 'stridedConv'] as const;

/** A residual-encoder U-Net as plain JSON. Stages count from the full resolution down; sizes are n or [d, h, w]. */
export interface ResEncUnet3dConfig {
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
  /** Residual blocks of each stage. Default 1, 3, 4, then 6 (nnU-Net's ResEnc presets). */
  readonly blocksPerStage?: number | readonly number[];
  /** Convolutions of each decoder stage. Default 1. */
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
  /** Bias in the convolutions (not in shortcuts). Default true. */
  readonly convBias?: boolean;
  /** Bias in the transposed convolutions. Default as convBias. */
  readonly upBias?: boolean;
  /**
   * How a shortcut changes shape: average pooling by the stride, then a 1x1x1 convolution where channels differ (nnU-Net
   * v2), or one strided 1x1x1 convolution where anything differs (v1). Default 'avgPool'.
   */
  readonly shortcut?: (typeof shortcutNames)[number];
  /** Start the last norm of every block at scale 0, so that blocks begin as identities. Default true. */
  readonly zeroInitResidual?: boolean;
  /** Logits of every decoder stage (finest first) rather than of the last. Default false. */
  readonly deepSupervision?: boolean;
  /** Default 'kaiming'. */
  readonly init?: (typeof initNames)[number];
  /** Gradient checkpointing by stages, as in `Unet3dConfig`. Default false. */
  readonly recompute?: boolean;
}

/** A configuration with every field present and checked; still plain JSON. */
export type ResolvedResEncUnet3dConfig = {
  readonly [K in Exclude<
    keyof ResEncUnet3dConfig,
    'kernels' | 'strides' | 'blocksPerStage' | 'decoderConvs'
  >]-?: Exclude<ResEncUnet3dConfig[K], undefined>;
} & {
  readonly kernels: readonly Size3[];
  readonly strides: readonly Size3[];
  readonly blocksPerStage: readonly number[];
  readonly decoderConvs: readonly number[];
};

const fields = [
  ...['dims', 'inputChannels', 'classes', 'features', 'kernels', 'strides', 'blocksPerStage', 'decoderConvs', 'norm'],
  ...['groups', 'epsilon', 'activation', 'negativeSlope', 'convBias', 'upBias', 'shortcut', 'zeroInitResidual'],
  ...['deepSupervision', 'init', 'recompute'],
];

/**
 * Checks a residual-encoder configuration (from code or from a file) and fills in the defaults.
 *
 * @throws SegError `unknown-option` or `invalid-argument` naming the field.
 */
export function resEncUnet3dConfig(config: ResEncUnet3dConfig): ResolvedResEncUnet3dConfig {
  const where = 'resEncUnet3d';
  let dims: 2 | 3 = 3;
  const read = configReader(where, config, () => dims);
  read.only(fields);
  dims = read.oneOf('dims', [2, 3], 3);
  const features = read.counts('features', 1);
  const stages = features.length;
  if (stages === 0)
    throw new SegError('invalid-argument', { where, problem: 'needs at least one stage', got: features });
  const kernels = read.sizes('kernels', stages, () => 3);
  checkOddKernels(where, 'kernels', kernels);
  const norm = read.choice('norm', normNames, 'instance');
  const groups = read.count('groups', 1, 8);
  if (norm === 'group' && features.some((f) => f % groups !== 0)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'groups must divide the features',
      got: { groups, features },
    });
  }
  const convBias = read.flag('convBias', true);
  const blocks = config.blocksPerStage !== undefined;
  return {
    dims,
    inputChannels: read.count('inputChannels', 1, 1),
    classes: read.count('classes', 1),
    features,
    kernels,
    strides: read.sizes('strides', stages, (s) => (s === 0 ? 1 : 2)),
    blocksPerStage: blocks ? read.spread('blocksPerStage', stages, 1, 1) : features.map((_, s) => [1, 3, 4][s] ?? 6),
    decoderConvs: read.spread('decoderConvs', stages - 1, 1, 1),
    norm,
    groups,
    epsilon: read.number('epsilon', 0, 1, 1e-5),
    activation: read.choice('activation', activationNames, 'leakyRelu'),
    negativeSlope: read.number('negativeSlope', 0, 1, 0.01),
    convBias,
    upBias: read.flag('upBias', convBias),
    shortcut: read.choice('shortcut', shortcutNames, 'avgPool'),
    zeroInitResidual: read.flag('zeroInitResidual', true),
    deepSupervision: read.flag('deepSupervision', false),
    init: read.choice('init', initNames, 'kaiming'),
    recompute: read.flag('recompute', false),
  };
}
