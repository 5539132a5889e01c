import type { Network } from '@seg/core';
import { networkPredictor } from '@seg/inference';
import { createParams } from '@seg/ops';
import { captureStatistics, defineMethod, lossGradients, type Method, type Schedule } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { countedTLoss } from './counted-t-loss.ts';

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
 * (Gonzalez-Jimenez et al. 2023). The loss is per voxel; those of class 255 do not count. Classes that were not annotated
 * in a case count as part of its background.
 *
 * Groups: `network`, `buffers` (running statistics, if the network has any) and `shape` (one scalar, `lnNu`).
 */
export function tLossUnet(options: TLossUnetOptions): Method<'network' | 'buffers' | 'shape', 'train', null> {
  const { network, learningRate = 1e-3, nuLearningRate = 1e-3, batchSize = 1 } = options;
  const { schedule = { kind: 'constant' } } = options;
  return defineMethod<'network' | 'buffers' | 'shape', 'train', null>({
    name: 't-loss-unet',
    groups: {
      network: { init: (rng) => network.init(rng), optimiser: { kind: 'adam', learningRate }, schedule },
      buffers: { init: (rng) => createParams(network.bufferSpecs, rng) },
      shape: {
        init: () => ({ lnNu: tf.scalar(INITIAL_LN_NU) }),
        optimiser: { kind: 'adam', learningRate: nuLearningRate },
        schedule: { kind: 'constant' },
      },
    },
    streams: { train: { batchSize } },
    step: ({ params, trainable, batch: { train }, rng }) => {
      const lnNu = params.shape.lnNu as tf.Scalar;
      const statistics = captureStatistics(params.buffers);
      const context = { dropout: rng, ...statistics.context };
      const update = lossGradients(trainable, () =>
        countedTLoss(network.apply(params.network, train.image, context), train.label, lnNu, train.cases),
      );
      return { ...update, assign: { buffers: statistics.updated }, metrics: { ...update.metrics, nu: tf.exp(lnNu) } };
    },
    predictor: (params) => networkPredictor(network, params.network, { buffers: params.buffers }),
  });
}
