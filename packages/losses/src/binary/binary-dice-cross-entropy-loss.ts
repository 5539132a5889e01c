import * as tf from '@tensorflow/tfjs-core';
import { binaryCrossEntropyLoss } from './binary-cross-entropy-loss.ts';
import { type BinaryDiceLossOptions, binaryDiceLoss } from './binary-dice-loss.ts';

export interface BinaryDiceCrossEntropyLossOptions extends BinaryDiceLossOptions {
  /** Default 1. */
  readonly crossEntropyWeight?: number;
  /** Default 1. */
  readonly diceWeight?: number;
}

/**
 * Sigmoid cross-entropy plus sigmoid Dice: nnU-Net's objective for regions that may overlap. Voxels with `ignoreLabel`
 * count in neither part.
 *
 * @param logits [N, D, H, W, C]
 * @param target probabilities [N, D, H, W, C], or a label map [N, D, H, W] (0 and 1 for one channel, else one-hot)
 * @returns scalar
 * @throws SegError as its two parts.
 */
export function binaryDiceCrossEntropyLoss(
  logits: tf.Tensor5D,
  target: tf.Tensor,
  options: BinaryDiceCrossEntropyLossOptions = {},
): tf.Scalar {
  const { crossEntropyWeight = 1, diceWeight = 1, ...dice } = options;
  const ignore = dice.ignoreLabel === undefined ? {} : { ignoreLabel: dice.ignoreLabel };
  return tf.tidy(() =>
    tf.add(
      tf.mul(binaryCrossEntropyLoss(logits, target, ignore), crossEntropyWeight),
      tf.mul(binaryDiceLoss(logits, target, dice), diceWeight),
    ),
  );
}
