import type { Network } from '@seg/core';
import { diceCrossEntropyLoss } from '@seg/losses';
import { IGNORED_CLASS, type Method, type Schedule, supervised } from '@seg/train';
import type * as tf from '@tensorflow/tfjs-core';

export interface PlainUnetOptions {
  readonly network: Network<tf.Tensor5D>;
  /** Adam's; default 1e-3. */
  readonly learningRate?: number;
  /** Default constant, as HyperSORT's. */
  readonly schedule?: Schedule;
  /** Samples a step; default 1. */
  readonly batchSize?: number;
}

/**
 * The baseline "U-Net": HyperSORT's main network trained directly, with HyperSORT's loss and optimiser. Voxels of class
 * 255 do not count.
 */
export function plainUnet(options: PlainUnetOptions): Method<'network' | 'buffers', 'train', null> {
  const { network, learningRate = 1e-3, schedule = { kind: 'constant' }, batchSize = 1 } = options;
  return {
    ...supervised({
      network,
      batchSize,
      loss: (logits, label) =>
        diceCrossEntropyLoss(logits, label, { includeBackground: true, smooth: 1e-8, ignoreLabel: IGNORED_CLASS }),
      optimiser: { kind: 'adam', learningRate },
      schedule,
    }),
    name: 'plain-unet',
  };
}
