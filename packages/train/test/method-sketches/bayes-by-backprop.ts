import { mapParams, type Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './shared.ts';

/** Weights drawn once per batch from N(mu, softplus(rho)^2); the KL term enters once per step. */
export function bayesByBackprop(network: Network, options: { priorSigma: number; klScale: number }) {
  const adam = { kind: 'adam', learningRate: 1e-3 } as const;
  const { priorSigma, klScale } = options;
  return defineMethod({
    name: 'bayes-by-backprop',
    groups: {
      mu: { init: (rng) => network.init(rng), optimiser: adam },
      rho: {
        init: () =>
          Object.fromEntries(
            Object.entries(network.paramSpecs).map(([name, { shape }]) => [name, tf.fill([...shape], -4)]),
          ),
        optimiser: adam,
      },
    },
    streams: { train: { batchSize: 2 } },
    step: ({ params: { mu, rho }, trainable, batch: { train }, rng }) =>
      lossGradients(trainable, () => {
        const divergences: tf.Tensor[] = [];
        const weights = mapParams(mu, (mean, name) => {
          const sigma = tf.softplus(rho[name]!);
          const ratio = tf.div(tf.add(tf.square(sigma), tf.square(mean)), 2 * priorSigma ** 2);
          divergences.push(tf.sum(tf.sub(tf.add(tf.log(tf.div(priorSigma, sigma)), ratio), 0.5)));
          const draw = tf.randomNormal(mean.shape, 0, 1, 'float32', rng.fork(name).integer(2 ** 31));
          return tf.add(mean, tf.mul(sigma, draw));
        });
        const fit = crossEntropy(
          network.apply(weights, train.image, { statistics: 'batch', dropout: rng }),
          train.label,
        );
        const kl = tf.addN(divergences);
        return { loss: tf.add(fit, tf.mul(kl, klScale)), metrics: { fit, kl } };
      }),
    predictor: ({ mu }) => ({ apply: (x) => network.apply(mu, x) }),
  });
}
