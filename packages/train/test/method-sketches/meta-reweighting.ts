import { mapParams, type Network, type Params } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, voxelCrossEntropy } from './shared.ts';

/** Voxel weights from the agreement with the gradient on a clean stream, by two passes at shifted parameters. */
export function metaReweighting(network: Network, clean: ReadonlySet<string>) {
  const applyTo = (weights: Params, x: tf.Tensor5D) => network.apply(weights, x, { statistics: 'batch' });
  return defineMethod({
    name: 'meta-reweighting',
    groups: { network: { init: (rng) => network.init(rng), optimiser: { kind: 'sgd', learningRate: 1e-2 } } },
    streams: {
      noisy: { batchSize: 2, cases: ({ id }) => !clean.has(id) },
      clean: { batchSize: 2, cases: ({ id }) => clean.has(id) },
    },
    step: ({ params, trainable, batch: { noisy, clean } }) => {
      const { gradients } = lossGradients(trainable, () =>
        crossEntropy(applyTo(params.network, clean.image), clean.label),
      );
      const direction = gradients.network!;
      const norm = tf.sqrt(tf.addN(Object.values(direction).map((g) => tf.sum(tf.square(g)))));
      const delta = tf.div(0.01, norm);
      const lossAt = (sign: 1 | -1) => {
        const shifted = mapParams(params.network, (p, name) =>
          tf.add(p, tf.mul(direction[name]!, tf.mul(delta, sign))),
        );
        return voxelCrossEntropy(applyTo(shifted, noisy.image), noisy.label);
      };
      const agreement = tf.relu(tf.sub(lossAt(1), lossAt(-1)));
      const weights = tf.divNoNan(agreement, tf.sum(agreement));
      return lossGradients(trainable, () =>
        tf.sum(tf.mul(weights, voxelCrossEntropy(applyTo(params.network, noisy.image), noisy.label))),
      );
    },
    predictor: (params) => ({ apply: (x) => network.apply(params.network, x) }),
  });
}
