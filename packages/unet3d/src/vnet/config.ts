import { SegError } from '@seg/core';
import { activationNames, initNames, normNames } from '../layers/conv-block.ts';
import type { DropoutConfig } from '../layers/dropout-plan.ts';
import { dropoutPlan } from '../layers/dropout-plan.ts';
import { configReader } from '../unet/check-config.ts';

/** A V-Net as plain JSON. Stages count from the full resolution down. */
export interface VnetConfig {
  /** Default 1. */
  readonly inputChannels?: number;
  /** Channels of the logits, background included. */
  readonly classes: number;
  /** Channels of each stage. Default 16, 32, 64, 128, 256. */
  readonly features?: readonly number[];
  /** Convolutions of each encoder stage. Default 1, 2, then 3. */
  readonly encoderConvs?: number | readonly number[];
  /** Convolutions of each decoder stage. Default 1, 2, then 3. */
  readonly decoderConvs?: number | readonly number[];
  /** Default 'batch'. */
  readonly norm?: (typeof normNames)[number];
  /** Groups of 'group' norm. Default 8. */
  readonly groups?: number;
  /** Default 'relu'. */
  readonly activation?: (typeof activationNames)[number];
  /** Default: whole channels, rate 0.5, after the bottom and the last stage; null for none. */
  readonly dropout?: DropoutConfig | null;
  /** Default 'torchDefault'. */
  readonly init?: (typeof initNames)[number];
}

/** A configuration with every field present and checked; still plain JSON. */
export interface ResolvedVnetConfig {
  readonly inputChannels: number;
  readonly classes: number;
  readonly features: readonly number[];
  readonly encoderConvs: readonly number[];
  readonly decoderConvs: readonly number[];
  readonly norm: (typeof normNames)[number];
  readonly groups: number;
  readonly activation: (typeof activationNames)[number];
  readonly dropout: Required<DropoutConfig> | null;
  readonly init: (typeof initNames)[number];
}

const fields = [
  ...[
    'inputChannels',
    'classes',
    'features',
    'encoderConvs',
    'decoderConvs',
    'norm',
    'groups',
    'activation',
    'dropout',
  ],
  'init',
];

/**
 * Checks a V-Net configuration (from code or from a file) and fills in the defaults.
 *
 * @throws SegError `unknown-option` or `invalid-argument` naming the field.
 */
export function vnetConfig(config: VnetConfig): ResolvedVnetConfig {
  const where = 'vnet';
  const read = configReader(where, config, () => 3);
  read.only(fields);
  const features = read.counts('features', 1, [16, 32, 64, 128, 256]);
  const stages = features.length;
  if (stages === 0)
    throw new SegError('invalid-argument', { where, problem: 'needs at least one stage', got: features });
  const growing = (n: number) => Array.from({ length: n }, (_, s) => Math.min(s + 1, 3));
  const norm = read.choice('norm', normNames, 'batch');
  const groups = read.count('groups', 1, 8);
  if (norm === 'group' && features.some((f) => f % groups !== 0)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'groups must divide the features',
      got: { groups, features },
    });
  }
  const standard = { rate: 0.5, kind: 'channel', each: 'stage', places: 'ends' } as const;
  const dropout = config.dropout === undefined ? standard : read.dropout('dropout');
  dropoutPlan(where, dropout, stages);
  return {
    inputChannels: read.count('inputChannels', 1, 1),
    classes: read.count('classes', 1),
    features,
    encoderConvs: config.encoderConvs === undefined ? growing(stages) : read.spread('encoderConvs', stages, 1, 1),
    decoderConvs:
      config.decoderConvs === undefined ? growing(stages - 1) : read.spread('decoderConvs', stages - 1, 1, 1),
    norm,
    groups,
    activation: read.choice('activation', activationNames, 'relu'),
    dropout,
    init: read.choice('init', initNames, 'torchDefault'),
  };
}
