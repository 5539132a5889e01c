import type { Network, Params } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './shared.ts';

/** Deep co-training: agreement on unlabelled images, resistance to each other's adversarial examples. */
export function coTraining(network: Network, options = { agreement: 1, diversity: 0.1, epsilon: 0.03 }) {
  const optimiser = { kind: 'sgd', learningRate: 0.01 } as const;
  const applyTo = (weights: Params, x: tf.Tensor5D) => network.apply(weights, x, { statistics: 'batch' });
  const entropy = (p: tf.Tensor) => tf.neg(tf.mean(tf.sum(tf.mul(p, tf.log(tf.add(p, 1e-7))), 4)));
  return defineMethod({
    name: 'co-training',
    groups: {
      first: { init: (rng) => network.init(rng), optimiser },
      second: { init: (rng) => network.init(rng), optimiser },
    },
    streams: {
      labelled: { batchSize: 2 },
      unlabelled: { batchSize: 2, cases: (info) => !info.labelled },
    },
    step: ({ params: { first, second }, trainable, batch: { labelled, unlabelled } }) => {
      const attack = (weights: Params) => {
        const loss = (x: tf.Tensor) => crossEntropy(applyTo(weights, x as tf.Tensor5D), labelled.label);
        return tf.add(labelled.image, tf.mul(tf.sign(tf.grad(loss)(labelled.image)), options.epsilon)) as tf.Tensor5D;
      };
      const againstFirst = attack(first);
      const againstSecond = attack(second);
      return lossGradients(trainable, () => {
        const supervised = [first, second].map((p) => crossEntropy(applyTo(p, labelled.image), labelled.label));
        const [a, b] = [first, second].map((p) => tf.softmax(applyTo(p, unlabelled.image))) as [tf.Tensor, tf.Tensor];
        const mean = tf.div(tf.add(a, b), 2);
        const agreement = tf.sub(entropy(mean), tf.div(tf.add(entropy(a), entropy(b)), 2)); // Jensen-Shannon
        const diversity = tf.add(
          crossEntropy(applyTo(first, againstSecond), labelled.label),
          crossEntropy(applyTo(second, againstFirst), labelled.label),
        );
        return tf.addN([...supervised, tf.mul(agreement, options.agreement), tf.mul(diversity, options.diversity)]);
      });
    },
    predictor: ({ first, second }) => ({
      output: 'probabilities',
      apply: (x) => tf.div(tf.addN([first, second].map((p) => tf.softmax(network.apply(p, x)))), 2),
    }),
  });
}
