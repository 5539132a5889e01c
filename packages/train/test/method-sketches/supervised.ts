import type { Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './shared.ts';

/** Deep supervision: outputs of halving size with weights 2^-s, against label maps of their size. */
export function supervised(network: Network<tf.Tensor5D[]>) {
  const sgd = { kind: 'sgd', learningRate: 0.01, momentum: 0.99, weightDecay: 3e-5 } as const;
  return defineMethod({
    name: 'supervised',
    groups: { network: { init: (rng) => network.init(rng), optimiser: sgd, clipNorm: 12 } },
    streams: { train: { batchSize: 2 } },
    step: ({ params, trainable, batch, rng }) =>
      lossGradients(trainable, () => {
        const outputs = network.apply(params.network, batch.train.image, { statistics: 'batch', dropout: rng });
        const total = outputs.reduce((sum, _, s) => sum + 2 ** -s, 0);
        const losses = outputs.map((logits, s) => {
          const label = tf.stridedSlice(batch.train.label, [0, 0, 0, 0], batch.train.label.shape, [
            1,
            2 ** s,
            2 ** s,
            2 ** s,
          ]) as tf.Tensor4D;
          return tf.mul(crossEntropy(logits, label), 2 ** -s / total);
        });
        return tf.addN(losses);
      }),
    predictor: ({ network: weights }) => ({ apply: (x) => network.apply(weights, x)[0]! }),
  });
}
