import type { Network, Params } from '@seg/core';
import { accumulateGradients, defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, slice } from './shared.ts';

/** Maps a latent [1, 2] to all parameters of the main network. */
export type Generator = Network<Params> & { generate(params: Params, latent: tf.Tensor): Params };

/** One latent per case with Adam state of its own; gradients accumulate over the cases of a batch. */
export function hypersort(main: Network, hyper: Generator, options: { latentDim: number; regulariser: number }) {
  return defineMethod({
    name: 'hypersort',
    groups: {
      hyper: { init: (rng) => hyper.init(rng), optimiser: { kind: 'adam', learningRate: 1e-3 } },
      latents: {
        init: (rng, caseIds) =>
          Object.fromEntries(
            caseIds.map((id) => {
              const start = rng.fork(id).fillNormal(new Float32Array(options.latentDim), 0, 0.05);
              return [id, tf.tensor2d(start, [1, options.latentDim])];
            }),
          ),
        optimiser: { kind: 'adam', learningRate: 1e-3, beta1: 0.7, beta2: 0.9 },
        schedule: { kind: 'constant' },
      },
    },
    streams: { train: { batchSize: 4 } },
    step: ({ params, batch: { train } }) =>
      accumulateGradients(
        train.cases.length,
        (i) => {
          const { id } = train.cases[i]!;
          const latent = params.latents[id]!;
          return lossGradients({ hyper: params.hyper, latents: { [id]: latent } }, () => {
            const weights = hyper.generate(params.hyper, latent);
            const logits = main.apply(weights, slice(train.image, i, 1), { statistics: 'batch' });
            const label = tf.slice(train.label, [i, 0, 0, 0], [1, -1, -1, -1]);
            const penalty = tf.mul(tf.sum(tf.abs(latent)), options.regulariser);
            return tf.add(crossEntropy(logits, label), penalty);
          });
        },
        { perCase: ['latents'] },
      ),
    predictor: ({ hyper: params }) => ({
      apply: (x) => main.apply(hyper.generate(params, tf.zeros([1, options.latentDim])), x),
    }),
  });
}
