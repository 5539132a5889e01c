import { learnableTLossFromSquares } from '@seg/losses';
import { oneHot } from '@seg/ops';
import { type CaseInfo, IGNORED_CLASS, isAnnotated, mergeUnannotated } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';

/**
 * `learnableTLoss`, per voxel, in which voxels of class 255 do not count: each image has a D of its own, as the marginal
 * of a multivariate t distribution is that of the components that are left. Images in which nothing counts are left
 * out of the mean; without any other the loss is 0.
 *
 * @param logits [N, D, H, W, C]: softmax without background, or the sigmoid of a single channel
 * @param label int32 label map [N, D, H, W]
 * @param lnNu logarithm of the degrees of freedom; the loss is differentiable by it and by the logits
 * @param cases the images' cases: classes that were not annotated in them are background and no part of D. Default: all
 * classes were
 * @returns scalar
 */
export function countedTLoss(
  given: tf.Tensor5D,
  label: tf.Tensor4D,
  lnNu: tf.Scalar,
  cases: readonly CaseInfo[] = [],
): tf.Scalar {
  const classes = given.shape[4];
  return tf.tidy(() => {
    const logits = mergeUnannotated(given, cases);
    const labels = tf.expandDims(label, 4);
    const counted = tf.cast(tf.notEqual(labels, tf.scalar(IGNORED_CLASS, 'int32')), 'float32');
    const difference =
      classes === 1
        ? tf.sub(tf.sigmoid(logits), tf.cast(tf.equal(labels, tf.scalar(1, 'int32')), 'float32'))
        : tf.slice(tf.sub(tf.softmax(logits), oneHot(label, classes)), [0, 0, 0, 0, 1]);
    const squares = tf.sum(tf.mul(tf.square(difference), counted), [1, 2, 3, 4]) as tf.Tensor1D;
    const dimensions = tf.mul(tf.sum(counted, [1, 2, 3, 4]), foregroundClasses(classes, cases)) as tf.Tensor1D;
    // An image in which nothing counts has D = 0: it is given 1 to compute with, and no share in the mean.
    const counts = tf.minimum(dimensions, 1);
    const share = tf.div(counts, tf.maximum(tf.sum(counts), 1));
    const perImage = learnableTLossFromSquares(squares, tf.maximum(dimensions, 1), lnNu);
    return tf.sum(tf.mul(perImage, share)) as tf.Scalar;
  });
}

/** Foreground classes that were annotated: one number for all images, or one for each. */
function foregroundClasses(classes: number, cases: readonly CaseInfo[]): number | tf.Tensor1D {
  if (cases.every(({ annotated }) => annotated === undefined)) return Math.max(1, classes - 1);
  const foreground = Array.from({ length: classes - 1 }, (_, i) => i + 1);
  return tf.tensor1d(cases.map((info) => foreground.filter((c) => isAnnotated(info, c)).length));
}
