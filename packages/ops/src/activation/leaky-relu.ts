import * as tf from '@tensorflow/tfjs-core';
import { runCustomOp } from '../internal/custom-op.ts';

/**
 * Leaky ReLU: x where x > 0, else negativeSlope * x (the gradient at 0 is negativeSlope, as in PyTorch).
 *
 * @param x any shape
 * @param negativeSlope Default 0.01; 0 gives ReLU.
 */
export function leakyRelu<T extends tf.Tensor>(x: T, negativeSlope = 0.01): T {
  const [y] = runCustomOp({
    inputs: { x },
    forward: (save) => {
      save([x]);
      return negativeSlope === 0 ? tf.relu(x) : tf.leakyRelu(x, negativeSlope);
    },
    // tfjs's own gradient compares, which has no gradient itself; step does.
    gradient: (dy, [x]) => ({ x: () => tf.mul(dy, tf.step(x!, negativeSlope)) }),
  });
  return y as T;
}
