import type { Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { addNoise, voxelCrossEntropy } from './shared.ts';

/** An EMA teacher, four noisy passes outside the tape, and two phases: voxel-wise, then slice-wise tolerance. */
export function pint(network: Network, passes = 4) {
  return defineMethod({
    name: 'pint',
    groups: {
      student: {
        init: (rng) => network.init(rng),
        optimiser: { kind: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: false, weightDecay: 1e-4 },
      },
      teacher: { init: { copyOf: 'student' } },
    },
    averages: { teacher: { of: 'student', decay: (t) => Math.min(1 - 1 / t, 0.99) } },
    phases: [
      { name: 'voxel', share: 6000, schedules: { student: { kind: 'step', at: [2500 / 6000, 5000 / 6000] } } },
      { name: 'image', share: 2000, schedules: { student: { kind: 'constant' } }, resetOptimisers: true },
    ],
    streams: { train: { batchSize: 4 } },
    step: ({ params, trainable, batch: { train }, rng, phase }) => {
      const pseudo = tf.tidy(() => {
        const samples = Array.from({ length: passes }, (_, m) => {
          const noisy = addNoise(train.image, 0.1, rng.fork(m).integer(2 ** 31));
          return tf.softmax(
            network.apply(params.teacher, noisy, { statistics: 'batch', dropout: rng.fork(`pass ${m}`) }),
          );
        });
        return tf.div(tf.addN(samples), passes);
      });
      const entropy = tf.neg(tf.sum(tf.mul(pseudo, tf.log(tf.add(pseudo, 1e-6))), 4));
      const uncertainty = phase === 'voxel' ? entropy : tf.mean(entropy, [2, 3], true);
      const trust = tf.exp(tf.neg(uncertainty));
      return lossGradients(trainable, () => {
        const logits = network.apply(params.student, train.image, { statistics: 'batch', dropout: rng });
        const consistency = tf.mean(tf.squaredDifference(tf.softmax(logits), pseudo), 4);
        const labelled = tf.mul(trust, voxelCrossEntropy(logits, train.label));
        return tf.mean(tf.add(labelled, tf.mul(tf.sub(1, trust), consistency)));
      });
    },
    predictor: ({ student }) => ({ apply: (x) => network.apply(student, x) }),
  });
}
