import type { Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';

/** A sigmoid channel per (data set, class); only annotated channels count, data sets are drawn by sqrt(n). */
export function multitalent(network: Network, channels: readonly { dataset: string; values: readonly number[] }[]) {
  return defineMethod({
    name: 'multitalent',
    groups: {
      network: {
        init: (rng) => network.init(rng),
        optimiser: { kind: 'sgd', learningRate: 0.01, momentum: 0.99, weightDecay: 3e-5 },
        clipNorm: 12,
      },
    },
    streams: {
      train: {
        batchSize: 4,
        weight: ({ dataset }, all) => 1 / Math.sqrt(all.filter((other) => other.dataset === dataset).length),
      },
    },
    step: ({ params, trainable, batch: { train } }) => {
      const target = tf.stack(
        channels.map(({ values }) =>
          tf.cast(
            values.map((v) => tf.equal(train.label, v)).reduce((a, b) => tf.logicalOr(a, b)),
            'float32',
          ),
        ),
        4,
      );
      const valid = train.cases.map(({ dataset }) => channels.map((channel) => (channel.dataset === dataset ? 1 : 0)));
      const mask = tf.reshape(tf.tensor2d(valid), [train.cases.length, 1, 1, 1, channels.length]);
      return lossGradients(trainable, () => {
        const logits = network.apply(params.network, train.image, { statistics: 'batch' });
        const bce = tf.sub(tf.softplus(logits), tf.mul(logits, target)); // -y ln p - (1 - y) ln(1 - p)
        const p = tf.mul(tf.sigmoid(logits), mask);
        const y = tf.mul(target, mask);
        const voxels = [0, 1, 2, 3];
        const overlap = tf.mul(2, tf.sum(tf.mul(p, y), voxels));
        const dice = tf.div(overlap, tf.maximum(tf.add(tf.sum(p, voxels), tf.sum(y, voxels)), 1e-7));
        return tf.sub(tf.sum(tf.mean(tf.mul(bce, mask), [1, 2, 3])), tf.sum(dice));
      });
    },
    predictor: (params) => ({
      activation: 'sigmoid',
      apply: (x) => network.apply(params.network, x),
    }),
  });
}
