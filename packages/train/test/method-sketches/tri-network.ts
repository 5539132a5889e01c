import type { Network, Rng } from '@seg/core';
import { defineMethod, lossGradients, withoutGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { voxelCrossEntropy } from './shared.ts';

/** Three networks; each learns from the voxels that the other two both find easy. */
export function triNetwork(network: Network, keepAtEnd = 0.8) {
  const group = { init: (rng: Rng) => network.init(rng) };
  const optimiser = { kind: 'adam', learningRate: 1e-3 } as const;
  return defineMethod({
    name: 'tri-network',
    groups: { first: { ...group, optimiser }, second: { ...group, optimiser }, third: { ...group, optimiser } },
    streams: { train: { batchSize: 2 } },
    step: ({ params, trainable, batch: { train }, progress }) => {
      const keep = 1 - (1 - keepAtEnd) * Math.min(1, progress / 0.8);
      return lossGradients(trainable, () => {
        const losses = [params.first, params.second, params.third].map((weights) =>
          voxelCrossEntropy(network.apply(weights, train.image, { statistics: 'batch' }), train.label),
        );
        const easy = losses.map((loss) =>
          withoutGradients(() => {
            const { values } = tf.topk(tf.neg(tf.reshape(loss, [-1])), Math.ceil(keep * loss.size));
            return tf.cast(tf.lessEqual(loss, tf.neg(tf.min(values))), 'float32');
          }),
        );
        const chosen = losses.map((loss, k) => {
          const mask = tf.mul(easy[(k + 1) % 3]!, easy[(k + 2) % 3]!);
          return tf.div(tf.sum(tf.mul(loss, mask)), tf.maximum(tf.sum(mask), 1));
        });
        return tf.div(tf.addN(chosen), 3);
      });
    },
    predictor: ({ first, second, third }) => ({
      output: 'probabilities',
      apply: (x) => {
        const maps = [first, second, third].map((p) => tf.softmax(network.apply(p, x)));
        return tf.div(tf.addN(maps), 3);
      },
    }),
  });
}
