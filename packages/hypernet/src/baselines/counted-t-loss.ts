import { digammaTensor, logGammaTensor } from '@seg/losses';
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
    const squares = tf.sum(tf.mul(tf.square(difference), counted), [1, 2, 3, 4]);
    const dimensions = tf.mul(tf.sum(counted, [1, 2, 3, 4]), foregroundClasses(classes, cases));
    return fromSquares(squares, dimensions, lnNu) as tf.Scalar;
  });
}

/** Foreground classes that were annotated: one number for all images, or one for each. */
function foregroundClasses(classes: number, cases: readonly CaseInfo[]): number | tf.Tensor1D {
  if (cases.every(({ annotated }) => annotated === undefined)) return Math.max(1, classes - 1);
  const foreground = Array.from({ length: classes - 1 }, (_, i) => i + 1);
  return tf.tensor1d(cases.map((info) => foreground.filter((c) => isAnnotated(info, c)).length));
}

/** With the squared errors s and the numbers of values D of the images, both [N]. */
const fromSquares = tf.customGrad((...args) => {
  const [s, dimensions, l, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
  save([s, dimensions, l]);
  const { D, share } = shares(dimensions);
  const nu = tf.exp(l);
  const half = tf.div(tf.add(nu, D), 2);
  const gammas = tf.div(tf.sub(logGammaTensor(tf.div(nu, 2)), logGammaTensor(half)), D);
  const scale = tf.div(tf.add(l, Math.log(Math.PI)), 2);
  const perImage = tf.addN([gammas, tf.mul(tf.div(half, D), tf.log1p(tf.div(s, nu))), tf.mul(scale, tf.onesLike(D))]);
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
    const [s, dimensions, l] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const { D, share } = shares(dimensions);
    const nu = tf.exp(l);
    const sum = tf.add(nu, D);
    const ratio = tf.div(sum, tf.add(s, nu));
    const weight = tf.mul(dy, tf.div(share, tf.mul(D, 2)));
    // In this form the terms of about D / nu have cancelled, of which float32 would leave little.
    const gammas = tf.sub(tf.sub(digammaTensor(tf.div(nu, 2)), digammaTensor(tf.div(sum, 2))), 1);
    const byNu = tf.addN([gammas, tf.log1p(tf.div(s, nu)), ratio]);
    return [tf.mul(weight, ratio), tf.zerosLike(dimensions), tf.mul(tf.sum(tf.mul(weight, byNu)), nu)];
  };
  return {
    value: tf.sum(tf.mul(perImage, share)),
    gradFunc: gradFunc as (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
  };
});

/** D, or 1 where it is 0 and the image has no share in the mean. */
function shares(dimensions: tf.Tensor) {
  const counts = tf.minimum(dimensions, 1);
  return { D: tf.maximum(dimensions, 1), share: tf.div(counts, tf.maximum(tf.sum(counts), 1)) };
}
