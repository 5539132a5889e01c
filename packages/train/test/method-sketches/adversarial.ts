import type { Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './shared.ts';

/** Deep adversarial network: two optimisers in turns, the segmenter's output is the discriminator's input. */
export function adversarial(segmenter: Network, discriminator: Network<tf.Tensor1D>, weight = 0.1) {
  return defineMethod({
    name: 'adversarial',
    groups: {
      segmenter: { init: (rng) => segmenter.init(rng), optimiser: { kind: 'sgd', learningRate: 0.01 } },
      discriminator: {
        init: (rng) => discriminator.init(rng),
        optimiser: { kind: 'adam', learningRate: 1e-4, beta1: 0.9, beta2: 0.99 },
      },
    },
    streams: {
      labelled: { batchSize: 2, cases: (info) => info.labelled },
      unlabelled: { batchSize: 2, cases: (info) => !info.labelled },
    },
    turns: 2,
    step: ({ params, batch: { labelled, unlabelled }, rng, turn }) => {
      const segment = (x: tf.Tensor5D) => segmenter.apply(params.segmenter, x, { statistics: 'batch', dropout: rng });
      const judge = (x: tf.Tensor5D, logits: tf.Tensor5D) =>
        discriminator.apply(params.discriminator, tf.concat([x, tf.softmax(logits)], 4), {
          statistics: 'batch',
          dropout: rng,
        });
      if (turn === 0) {
        return lossGradients({ segmenter: params.segmenter }, () => {
          const fooled = judge(unlabelled.image, segment(unlabelled.image));
          const supervised = crossEntropy(segment(labelled.image), labelled.label);
          return tf.add(supervised, tf.mul(tf.mean(tf.softplus(tf.neg(fooled))), weight)); // -ln sigmoid
        });
      }
      const real = segment(labelled.image);
      const fake = segment(unlabelled.image);
      const { gradients, metrics } = lossGradients({ discriminator: params.discriminator }, () => {
        const onReal = tf.mean(tf.softplus(tf.neg(judge(labelled.image, real))));
        return tf.add(onReal, tf.mean(tf.softplus(judge(unlabelled.image, fake))));
      });
      return { gradients, metrics: { discriminator: metrics.loss! } };
    },
    predictor: (params) => ({ apply: (x) => segmenter.apply(params.segmenter, x) }),
  });
}
