import * as tf from '@tensorflow/tfjs-core';
import { type CaseInfo, isAnnotated } from '../data/training-case.ts';

/** Softmax gives exactly 0 in float32 for a logit as far below the others, and its logarithm stays finite. */
const ABSENT_LOGIT = -1e4;

/**
 * Logits in which, for each sample, the classes that were not annotated in its case are part of background: a voxel
 * without a label may be one of them, so what is known of it is that it is no annotated class (the marginal loss of Shi
 * et al. 2021). The softmax of the result is that of the logits with their probabilities added to background's and 0 in
 * their own places.
 *
 * A loss of softmax probabilities needs no further change. A soft Dice of an unannotated class is 1 (0 of 0, smoothed),
 * so that a mean over all classes gives each annotated class the weight it has in fully annotated cases. Where all
 * classes of all cases were annotated the logits themselves are returned.
 *
 * @param logits [N, D, H, W, K], class 0 is background
 * @param cases the N samples' cases
 * @returns [N, D, H, W, K]
 */
export function mergeUnannotated(logits: tf.Tensor5D, cases: readonly CaseInfo[]): tf.Tensor5D {
  const classes = logits.shape[4];
  const missing = cases.map((info) => Array.from({ length: classes }, (_, c) => !isAnnotated(info, c)));
  if (!missing.some((flags) => flags.includes(true))) return logits;
  return tf.tidy(() => {
    const perSample = (values: readonly number[]) => tf.tensor(values, [cases.length, 1, 1, 1, classes]);
    // Added to the logits, this leaves the merged classes of a sample alone in a sum of exponentials.
    const others = perSample(missing.flatMap((flags) => flags.map((flag, c) => (flag || c === 0 ? 0 : ABSENT_LOGIT))));
    const kept = perSample(missing.flatMap((flags) => flags.map((flag, c) => (flag || c === 0 ? 0 : 1))));
    const absent = perSample(missing.flatMap((flags) => flags.map((flag) => (flag ? ABSENT_LOGIT : 0))));
    const first = perSample(missing.flatMap((flags) => flags.map((_, c) => (c === 0 ? 1 : 0))));
    const background = tf.logSumExp(tf.add(logits, others), 4, true);
    return tf.addN([
      tf.mul(logits, kept),
      tf.mul(background, first),
      tf.mul(absent, tf.onesLike(logits)),
    ]) as tf.Tensor5D;
  });
}
