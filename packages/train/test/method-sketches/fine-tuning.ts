import type { Network, Params } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './shared.ts';

/** Head warm-up, whole warm-up, then poly; each phase has its own subset, optimiser and schedule. */
export function fineTuning(network: Network, pretrained: Params) {
  const sgd = { kind: 'sgd', learningRate: 0.01, momentum: 0.99, weightDecay: 3e-5 } as const;
  return defineMethod({
    name: 'fine-tuning',
    groups: {
      network: {
        init: (rng) => {
          const fresh = network.init(rng);
          return Object.fromEntries(
            Object.entries(fresh).map(([name, own]) => {
              const known = pretrained[name];
              if (known === undefined || known.shape.join() !== own.shape.join()) return [name, own];
              own.dispose();
              return [name, tf.clone(known)];
            }),
          );
        },
        optimiser: sgd,
        clipNorm: 12,
      },
    },
    phases: [
      {
        name: 'head',
        share: 10,
        trainable: (_, name) => name.startsWith('head'),
        optimisers: { network: { kind: 'adam', learningRate: 5e-4, weightDecay: 3e-5 } },
        schedules: { network: { kind: 'linear', from: 0.1, to: 1 } },
      },
      { name: 'warm-up', share: 50, schedules: { network: { kind: 'linear', from: 0.02, to: 1 } } },
      { name: 'main', share: 1000, schedules: { network: { kind: 'poly' } } },
    ],
    streams: { train: { batchSize: 2 } },
    step: ({ params, trainable, batch: { train } }) =>
      lossGradients(trainable, () =>
        crossEntropy(network.apply(params.network, train.image, { statistics: 'batch' }), train.label),
      ),
    predictor: (params) => ({ apply: (x) => network.apply(params.network, x) }),
  });
}
