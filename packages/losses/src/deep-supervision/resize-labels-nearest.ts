import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A label map (or one-hot target) at another size by nearest neighbour, PyTorch's `nearest-exact`: new voxel i takes the
 * old one at floor((i + 0.5) * old / new).
 *
 * @param target [N, D, H, W] or [N, D, H, W, C]
 * @param size new [D, H, W]
 * @returns of the target's rank and type
 */
export function resizeLabelsNearest<T extends tf.Tensor>(target: T, size: readonly [number, number, number]): T {
  if ((target?.rank !== 4 && target?.rank !== 5) || !size.every((n) => Number.isInteger(n) && n > 0)) {
    throw new SegError('invalid-argument', {
      where: 'resizeLabelsNearest',
      problem: 'needs [N, D, H, W] or [N, D, H, W, C] and a size of positive integers',
      got: { target: target?.shape, size },
    });
  }
  return tf.tidy(() => {
    let result: tf.Tensor = tf.clone(target);
    size.forEach((to, a) => {
      const from = target.shape[a + 1]!;
      if (from === to) return;
      const index = Int32Array.from({ length: to }, (_, i) => Math.floor(((i + 0.5) * from) / to));
      result = tf.gather(result, tf.tensor1d(index, 'int32'), a + 1);
    });
    return result as T;
  });
}
