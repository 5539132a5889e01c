import { diceCrossEntropy } from '@seg/ops';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { tinyNetwork } from './tiny-network.ts';

const network = tinyNetwork(3);

/**
 * A method that uses everything that a checkpoint must hold: two optimisers, a teacher, per-case tensors that are
 * updated now and then, a JSON state, random numbers, and a phase that forgets moments.
 */
export const richMethod = defineMethod({
  name: 'rich',
  groups: {
    student: {
      init: (rng) => network.init(rng),
      optimiser: { kind: 'sgd', learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 },
      clipNorm: 1,
    },
    teacher: { init: { copyOf: 'student' } },
    shifts: {
      init: (rng, caseIds) => Object.fromEntries(caseIds.map((id) => [id, tf.scalar(rng.fork(id).normal(0, 0.1))])),
      optimiser: { kind: 'adam', learningRate: 0.01, beta1: 0.7, beta2: 0.9 },
    },
  },
  averages: { teacher: { of: 'student', decay: (t) => Math.min(1 - 1 / t, 0.9) } },
  phases: [
    { name: 'first', share: 2 },
    {
      name: 'second',
      share: 1,
      resetOptimisers: true,
      optimisers: { student: { kind: 'adam', learningRate: 0.01 } },
      schedules: { student: { kind: 'cosine', warmUp: 0.1 } },
    },
  ],
  streams: {
    train: { batchSize: 2 },
    weighted: { batchSize: 1, weight: ({ id }) => (id === 'case-0' ? 3 : 1), foregroundFraction: 1 },
  },
  initialState: () => ({ seen: {} as Readonly<Record<string, number>> }),
  step: ({ params, batch: { train, weighted }, rng, state }) => {
    const { id } = weighted.cases[0]!;
    const noise = tf.randomNormal(weighted.image.shape, 0, 0.1, 'float32', rng.integer(2 ** 31)) as tf.Tensor5D;
    const noisy = tf.add(weighted.image, noise) as tf.Tensor5D;
    const target = tf.softmax(network.apply(params.teacher, noisy, { statistics: 'batch' }));
    const update = lossGradients({ student: params.student, shifts: { [id]: params.shifts[id]! } }, () => {
      const logits = network.apply(params.student, train.image, { statistics: 'batch' });
      const shifted = tf.add(weighted.image, params.shifts[id]!) as tf.Tensor5D;
      const agreement = tf.mean(
        tf.squaredDifference(tf.softmax(network.apply(params.student, shifted, { statistics: 'batch' })), target),
      );
      return tf.add(diceCrossEntropy(logits, train.label), agreement);
    });
    return { ...update, state: { seen: { ...state.seen, [id]: (state.seen[id] ?? 0) + 1 } } };
  },
  predictor: ({ student }) => ({ apply: (x) => network.apply(student, x) }),
});
