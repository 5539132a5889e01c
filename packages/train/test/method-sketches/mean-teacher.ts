import type { Network } from '@seg/core';
import { defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { addNoise, crossEntropy, slice } from './shared.ts';

/** Labelled and unlabelled streams in one forward pass; the consistency weight ramps up. */
export function meanTeacher(network: Network) {
  return defineMethod({
    name: 'mean-teacher',
    groups: {
      student: { init: (rng) => network.init(rng), optimiser: { kind: 'sgd', learningRate: 0.01 } },
      teacher: { init: { copyOf: 'student' } },
    },
    averages: { teacher: { of: 'student', decay: (t) => Math.min(1 - 1 / t, 0.99) } },
    streams: {
      labelled: { batchSize: 2, cases: (info) => info.labelled },
      unlabelled: { batchSize: 2, cases: (info) => !info.labelled },
    },
    step: ({ params, trainable, batch, rng, progress }) => {
      const images = tf.concat([batch.labelled.image, batch.unlabelled.image]);
      const noisy = addNoise(images, 0.1, rng.fork('teacher').integer(2 ** 31));
      const target = tf.softmax(network.apply(params.teacher, noisy, { statistics: 'batch', dropout: rng.fork('t') }));
      const weight = 0.1 * Math.exp(-5 * (1 - Math.min(1, progress / 0.4)) ** 2);
      return lossGradients(trainable, () => {
        const logits = network.apply(params.student, images, { statistics: 'batch', dropout: rng });
        const labelledCount = batch.labelled.cases.length;
        const supervised = crossEntropy(slice(logits, 0, labelledCount), batch.labelled.label);
        const consistency = tf.mean(tf.squaredDifference(tf.softmax(logits), target));
        return { loss: tf.add(supervised, tf.mul(consistency, weight)), metrics: { supervised, consistency, weight } };
      });
    },
    predictor: ({ student }) => ({ apply: (x) => network.apply(student, x) }),
  });
}
