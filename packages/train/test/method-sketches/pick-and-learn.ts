import type { Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { voxelCrossEntropy } from './shared.ts';

/** A second network judges image and label; its softmax over the mini-batch weights the cases. */
export function pickAndLearn(network: Network, quality: Network<tf.Tensor1D>, classes: number) {
  return defineMethod({
    name: 'pick-and-learn',
    groups: {
      network: { init: (rng) => network.init(rng), optimiser: { kind: 'sgd', learningRate: 0.01 } },
      quality: { init: (rng) => quality.init(rng), optimiser: { kind: 'sgd', learningRate: 0.01 } },
    },
    streams: { train: { batchSize: 4 } },
    step: ({ params, trainable, batch: { train } }) =>
      lossGradients(trainable, () => {
        const oneHot = tf.oneHot(train.label, classes) as tf.Tensor5D;
        const judged = tf.concat([train.image, tf.cast(oneHot, 'float32')], 4);
        const score = tf.mul(2, tf.tanh(quality.apply(params.quality, judged, { statistics: 'batch' })));
        const logits = network.apply(params.network, train.image, { statistics: 'batch' });
        const caseLoss = tf.mean(voxelCrossEntropy(logits, train.label), [1, 2, 3]);
        return tf.sum(tf.mul(tf.softmax(score), caseLoss));
      }),
    predictor: (params) => ({ apply: (x) => network.apply(params.network, x) }),
  });
}
