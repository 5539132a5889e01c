import type { Network } from '@seg/core';
import { tLossDimension, tLossFromSquares, tLossNuGradient, tLossSquares } from '@seg/losses';
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
 * (Gonzalez-Jimenez et al. 2023). The loss is per voxel; the gradient by ln nu is analytic, in float64, for which a step
 * reads two small tensors at once: not on WebGPU, which can only read asynchronously.
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
      const nu = Math.exp(params.shape.lnNu!.dataSync()[0]!);
      let dimension = 1;
      let squares: tf.Tensor1D | undefined;
      const update = lossGradients({ network: params.network }, () => {
        const logits = network.apply(params.network, train.image, { training: true, rng });
        dimension = tLossDimension(logits);
        squares = tf.keep(tLossSquares(logits, train.label));
        return tLossFromSquares(squares, dimension, { nu });
      });
      const byNu = tLossNuGradient(squares!.dataSync(), dimension, { nu });
      squares!.dispose();
      return {
        gradients: { ...update.gradients, shape: { lnNu: tf.scalar(byNu * nu) } }, // chain rule through nu = exp(lnNu)
        metrics: { ...update.metrics, nu },
      };
    },
    predictor: (params) => ({ apply: (x) => network.apply(params.network, x, { training: false }) }),
  });
}
