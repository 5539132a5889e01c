import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { resizeLabelsNearest } from './resize-labels-nearest.ts';

/** A loss of one output, such as `diceCrossEntropyLoss` with its options bound. */
export type SegmentationLoss = (logits: tf.Tensor5D, target: tf.Tensor) => tf.Scalar;

export interface DeepSupervisionLossOptions {
  /** One weight an output, finest first. Default: `deepSupervisionWeights` of their number. */
  readonly weights?: readonly number[];
}

/**
 * nnU-Net's weights of n outputs, finest first: 2^-s, the last 0 (unless it is the only one), summing to 1.
 *
 * @example
 * deepSupervisionWeights(4); // [4/7, 2/7, 1/7, 0]
 */
export function deepSupervisionWeights(count: number): number[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new SegError('invalid-argument', {
      where: 'deepSupervisionWeights',
      problem: 'count must be a positive integer',
      got: count,
    });
  }
  const raw = Array.from({ length: count }, (_, s) => (s > 0 && s === count - 1 ? 0 : 2 ** -s));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((w) => w / sum);
}

/**
 * Weighted sum of one loss over the outputs of a deeply supervised network (Lee et al. 2015, as in nnU-Net), the target
 * brought to each output's size by nearest neighbour. Outputs of weight 0 are not computed with: whatever they hold,
 * the value does not change and their gradient is 0.
 *
 * @param outputs logits [N, Ds, Hs, Ws, C], finest first
 * @param target [N, D, H, W] or [N, D, H, W, C] at the finest size
 * @returns scalar
 * @throws SegError `invalid-argument` when there are no outputs or weights do not fit; what the loss throws.
 */
export function deepSupervisionLoss(
  outputs: readonly tf.Tensor5D[],
  target: tf.Tensor,
  loss: SegmentationLoss,
  options: DeepSupervisionLossOptions = {},
): tf.Scalar {
  const weights = options.weights ?? deepSupervisionWeights(outputs.length);
  if (outputs.length === 0 || weights.length !== outputs.length || !weights.some((w) => w > 0)) {
    throw new SegError('invalid-argument', {
      where: 'deepSupervisionLoss',
      problem: 'needs one weight an output, at least one above 0',
      got: { outputs: outputs.length, weights },
    });
  }
  return tf.tidy(() => {
    const terms: tf.Tensor[] = [];
    for (const [s, logits] of outputs.entries()) {
      if (weights[s] === 0) {
        terms.push(withoutInfluence(logits));
        continue;
      }
      const size = logits.shape.slice(1, 4) as unknown as readonly [number, number, number];
      terms.push(tf.mul(loss(logits, resizeLabelsNearest(target, size)), weights[s]!));
    }
    return terms.reduce((a, b) => tf.add(a, b)) as tf.Scalar;
  });
}

/** 0 with a gradient of zeros: tfjs refuses gradients by what a value does not depend on. */
function withoutInfluence(logits: tf.Tensor5D): tf.Tensor {
  const apply = tf.customGrad((x) => ({
    value: tf.scalar(0),
    gradFunc: () => tf.zeros((x as tf.Tensor).shape),
  }));
  return apply(logits);
}
