import type { Network, ParamSpecs, Params } from '@seg/core';
import { conv3d, createParams } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';

/** Two convolutions: enough to learn blobs, small enough for the cpu backend. */
export function tinyNetwork(classes: number, features = 4, channels = 1): Network {
  const init = { kind: 'fanInUniform' } as const;
  const paramSpecs: ParamSpecs = {
    'body.kernel': { shape: [3, 3, 3, channels, features], role: 'kernel', init },
    'body.bias': { shape: [features], role: 'bias', init: { kind: 'constant', value: 0 } },
    'head.kernel': { shape: [1, 1, 1, features, classes], role: 'kernel', init },
    'head.bias': { shape: [classes], role: 'bias', init: { kind: 'constant', value: 0 } },
  };
  return {
    paramSpecs,
    bufferSpecs: {},
    init: (rng) => createParams(paramSpecs, rng),
    apply: (params: Params, x) =>
      tf.tidy(() => {
        const kernel = (name: string) => params[`${name}.kernel`] as tf.Tensor5D;
        const hidden = tf.relu(tf.add(conv3d(x, kernel('body')), params['body.bias']!));
        return tf.add(conv3d(hidden as tf.Tensor5D, kernel('head')), params['head.bias']!) as tf.Tensor5D;
      }),
  };
}
