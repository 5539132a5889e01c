import type { Network, Params } from '@seg/core';
import { accumulateGradients, defineMethod, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, slice } from './shared.ts';

export interface DodNetParts {
  /** Features [N, D, H, W, 8] before the head and the pooled bottleneck [N, 256]. */
  readonly body: Network<{ features: tf.Tensor5D; pooled: tf.Tensor2D }>;
  /** Maps pooled features beside the task's one-hot code to the weights and biases of an 8-8-2 head. */
  readonly controller: Network<tf.Tensor2D>;
}

/** A segmentation head generated for each case from its features and its data set. */
export function dodNet({ body, controller }: DodNetParts, tasks: readonly string[]) {
  const segment = (bodyParams: Params, head: Params, x: tf.Tensor5D, task: number) => {
    const { features, pooled } = body.apply(bodyParams, x, { statistics: 'batch' });
    const code = tf.oneHot(tf.tensor1d([task], 'int32'), tasks.length);
    const input = tf.reshape(tf.concat([pooled, tf.cast(code, 'float32')], 1), [1, 1, 1, 1, -1]) as tf.Tensor5D;
    const generated = tf.reshape(controller.apply(head, input, { statistics: 'batch' }), [-1]);
    const [w1, b1, w2, b2] = tf.split(generated, [64, 8, 16, 2]) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const flat = tf.reshape(features, [-1, 8]);
    const hidden = tf.relu(tf.add(tf.matMul(flat, tf.reshape(w1, [8, 8]) as tf.Tensor2D), b1));
    const logits = tf.add(tf.matMul(hidden, tf.reshape(w2, [8, 2])), b2);
    const [n, depth, height, width] = features.shape;
    return tf.reshape(logits, [n, depth, height, width, 2]) as tf.Tensor5D;
  };
  const optimiser = { kind: 'sgd', learningRate: 0.01 } as const;
  return defineMethod({
    name: 'dodnet',
    groups: {
      body: { init: (rng) => body.init(rng), optimiser },
      controller: { init: (rng) => controller.init(rng), optimiser },
    },
    streams: { train: { batchSize: 2 } },
    step: ({ params, trainable, batch: { train } }) =>
      accumulateGradients(train.cases.length, (i) =>
        lossGradients(trainable, () => {
          const task = tasks.indexOf(train.cases[i]!.dataset ?? '');
          const logits = segment(params.body, params.controller, slice(train.image, i, 1), task);
          return crossEntropy(logits, tf.slice(train.label, [i, 0, 0, 0], [1, -1, -1, -1]));
        }),
      ),
    predictor: (params) => ({ apply: (x) => segment(params.body, params.controller, x, 0) }),
  });
}
