import * as tf from '@tensorflow/tfjs-core';
import { checkRank5, checkVector } from '../internal/checks.ts';
import { runCustomOp } from '../internal/custom-op.ts';

/**
 * Parametric ReLU (He et al. 2015): x where x > 0, else slope * x with one trained slope a channel.
 *
 * @param x [N, D, H, W, C]
 * @param slope [C]
 * @throws SegError `shape-mismatch` for ranks or lengths that do not fit.
 */
export function prelu(x: tf.Tensor5D, slope: tf.Tensor): tf.Tensor5D {
  checkRank5('prelu', 'x', x);
  checkVector('prelu', 'slope', slope, x.shape[4]);
  const [y] = runCustomOp({
    inputs: { x, slope },
    forward: (save) => {
      save([x, slope]);
      return tf.tidy(() => tf.add(tf.relu(x), tf.mul(tf.minimum(x, 0), slope)));
    },
    gradient: (dy, [x, slope]) => ({
      x: () =>
        tf.tidy(() => {
          const positive = tf.step(x!);
          return tf.mul(dy, tf.add(positive, tf.mul(tf.sub(1, positive), slope!)));
        }),
      slope: () => tf.tidy(() => tf.sum(tf.mul(dy, tf.mul(x!, tf.sub(1, tf.step(x!)))), [0, 1, 2, 3])),
    }),
  });
  return y as tf.Tensor5D;
}
