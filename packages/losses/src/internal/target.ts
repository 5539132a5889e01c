import { SegError } from '@seg/core';
import { oneHot } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';

/** Whether a target is a label map [N, D, H, W] or probabilities [N, D, H, W, C]; throws when it fits the logits as neither. */
export function checkTarget(where: string, logits: tf.Tensor, target: tf.Tensor): 'labels' | 'probabilities' {
  if (logits?.rank !== 5 || logits.size === 0) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'logits must be a non-empty [N, D, H, W, C]',
      got: logits?.shape,
    });
  }
  const shape = target?.shape.join();
  if (shape === logits.shape.slice(0, 4).join()) return 'labels';
  if (shape === logits.shape.join()) return 'probabilities';
  throw new SegError('shape-mismatch', {
    where,
    problem: 'target and logits differ in shape',
    got: target?.shape,
    expected: [logits.shape.slice(0, 4), logits.shape],
    hint: 'Pass a label map without channels, or a one-hot target with as many classes as the logits.',
  });
}

/** A target as the losses use it: class probabilities, and 1 where a voxel counts (undefined: everywhere). */
export interface Target {
  readonly y: tf.Tensor5D;
  readonly counted: tf.Tensor5D | undefined;
}

/** Turns either kind of target into probabilities; belongs to the caller's tidy scope. */
export function resolveTarget(
  where: string,
  logits: tf.Tensor,
  target: tf.Tensor,
  ignoreLabel: number | undefined,
): Target {
  const kind = checkTarget(where, logits, target);
  if (kind === 'probabilities') {
    if (ignoreLabel !== undefined) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'ignoreLabel needs a label map as target',
        got: target.shape,
        hint: 'Use a weight map, or pass labels.',
      });
    }
    return { y: target as tf.Tensor5D, counted: undefined };
  }
  // A single channel is a foreground probability: its label map is 0 and 1, not the index of a channel.
  const y = logits.shape[4] === 1 ? foreground(target) : oneHot(target, logits.shape[4]!);
  if (ignoreLabel === undefined) return { y, counted: undefined };
  const labels = tf.cast(target, 'int32');
  const counted = tf.expandDims(
    tf.cast(tf.notEqual(labels, tf.scalar(ignoreLabel, 'int32')), 'float32'),
    4,
  ) as tf.Tensor5D;
  return { y: tf.mul(y, counted), counted };
}

function foreground(labels: tf.Tensor): tf.Tensor5D {
  return tf.expandDims(tf.cast(tf.equal(tf.cast(labels, 'int32'), tf.scalar(1, 'int32')), 'float32'), 4) as tf.Tensor5D;
}

/** sum / weights, and 0 where nothing counted; tfjs's `divNoNan` has no gradient. */
export function divideBySum(sum: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  return tf.div(sum, tf.maximum(weights, 1e-30)) as tf.Scalar;
}
