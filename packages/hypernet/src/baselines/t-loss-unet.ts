import type { Network } from '@seg/core';
import { learnableTLoss } from '@seg/losses';
import { defineMethod, lossGradients, type Method, type Schedule } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';

export interface TLossUnetOptions {
  readonly network: Network<tf.Tensor5D>;
  /** Adam's, for the network; default 1e-3. */
  readonly learningRate?: number;
  /** Adam's, for ln nu; default 1e-3. */
  readonly nuLearningRate?: number;
  /** Default constant. */
  readonly schedule?: Schedule;
  /** Samples a step; default 1. */
  readonly batchSize?: number;
}

/** Where the published code starts: nu = e. */
const INITIAL_LN_NU = 1;

/**
 * The robust baseline: a network trained with the T-loss, whose degrees of freedom nu are learnt along with it
 * (Gonzalez-Jimenez et al. 2023). The loss is per voxel.
 *
 * Groups: `network` and `shape` (one scalar, `lnNu`).
 */
export function tLossUnet(options: TLossUnetOptions): Method<'network' | 'shape', 'train', null> {
  const { network, learningRate = 1e-3, nuLearningRate = 1e-3, batchSize = 1 } = options;
  const { schedule = { kind: 'constant' } } = options;
  return defineMethod<'network' | 'shape', 'train', null>({
    name: 't-loss-unet',
    groups: {
      network: { init: (rng) => network.init(rng), optimiser: { kind: 'adam', learningRate }, schedule },
      shape: {
        init: () => ({ lnNu: tf.scalar(INITIAL_LN_NU) }),
        optimiser: { kind: 'adam', learningRate: nuLearningRate },
        schedule: { kind: 'constant' },
      },
    },
    streams: { train: { batchSize } },
    step: ({ params, batch: { train }, rng }) => {
      const lnNu = params.shape.lnNu as tf.Scalar;
      const update = lossGradients(params, () =>
        learnableTLoss(network.apply(params.network, train.image, { training: true, rng }), train.label, { lnNu }),
      );
      return { ...update, metrics: { ...update.metrics, nu: tf.exp(lnNu) } };
    },
    predictor: (params) => ({ apply: (x) => network.apply(params.network, x, { training: false }) }),
  });
}
