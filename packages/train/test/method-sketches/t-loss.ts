import type { Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';

/** Student-t likelihood: the network's term goes through the tape, the gradient by ln(nu) is analytic in float64. */
export function tLoss(network: Network, digamma: (x: number) => number) {
  return defineMethod({
    name: 't-loss',
    groups: {
      network: { init: (rng) => network.init(rng), optimiser: { kind: 'adam', learningRate: 1e-3 } },
      shape: { init: () => ({ lnNu: tf.scalar(1) }), optimiser: { kind: 'adam', learningRate: 1e-3 } },
    },
    streams: { train: { batchSize: 2 } },
    step: ({ params, batch: { train } }) => {
      const nu = Math.exp(params.shape.lnNu!.dataSync()[0]!);
      const voxels = train.label.size;
      const { gradients, metrics } = lossGradients({ network: params.network }, () => {
        const p = tf.softmax(network.apply(params.network, train.image, { statistics: 'batch' }));
        const foreground = tf.squeeze(tf.slice(p, [0, 0, 0, 0, 1], [-1, -1, -1, -1, 1]), [4]);
        const squares = tf.sum(tf.squaredDifference(foreground, tf.cast(train.label, 'float32')));
        const loss = tf.mul(tf.log1p(tf.div(squares, nu)), (nu + voxels) / 2 / voxels);
        return { loss, metrics: { squares } };
      });
      const s = (metrics.squares as tf.Tensor).dataSync()[0]!;
      const bracket = digamma(nu / 2) - digamma((nu + voxels) / 2) + voxels / nu + Math.log1p(s / nu);
      const byNu = 0.5 * bracket - ((nu + voxels) * s) / (2 * nu * (nu + s));
      const shape = { lnNu: tf.scalar((byNu * nu) / voxels) }; // chain rule through nu = exp(lnNu)
      return { gradients: { ...gradients, shape }, metrics };
    },
    predictor: (params) => ({ apply: (x) => network.apply(params.network, x) }),
  });
}
