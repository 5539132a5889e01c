import type { Network, Rng } from '@seg/core';
import { defineMethod, lossGradients, type Sample } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';

/** Self-supervised restoration: the target is the image itself, the input a distorted copy. */
export function modelsGenesis(
  network: Network,
  distort: (image: Float32Array, sample: Sample, rng: Rng) => Float32Array,
) {
  return defineMethod({
    name: 'models-genesis',
    groups: {
      network: {
        init: (rng) => network.init(rng),
        optimiser: { kind: 'sgd', learningRate: 1, momentum: 0.9, nesterov: false },
        schedule: { kind: 'step', at: [0.25, 0.5, 0.75], factor: 0.5 },
      },
    },
    streams: {
      train: {
        batchSize: 6,
        cases: () => true,
        foregroundFraction: 0,
        prepare: (sample, rng) => ({
          ...sample,
          image: distort(sample.image, sample, rng),
          extras: { original: { data: sample.image, shape: [sample.channels, ...sample.shape] } },
        }),
      },
    },
    step: ({ params, trainable, batch: { train } }) =>
      lossGradients(trainable, () => {
        const restored = tf.sigmoid(network.apply(params.network, train.image, { statistics: 'batch' }));
        return tf.mean(tf.squaredDifference(restored, tf.transpose(train.extras.original!, [0, 2, 3, 4, 1])));
      }),
    predictor: (params) => ({
      output: 'probabilities',
      apply: (x) => tf.sigmoid(network.apply(params.network, x)),
    }),
    validate: async ({ step }) => ({ score: step }), // the last checkpoint is the best one
  });
}
