import type * as tf from '@tensorflow/tfjs-core';
import { type SoftDiceLossOptions, softDiceLoss } from '../dice/soft-dice-loss.ts';

export type BinaryDiceLossOptions = Omit<SoftDiceLossOptions, 'activation' | 'includeBackground'>;

/**
 * Soft Dice loss of sigmoid probabilities, every channel counting: nnU-Net's Dice for regions that may overlap.
 *
 * @param logits [N, D, H, W, C]
 * @param target probabilities [N, D, H, W, C], or a label map [N, D, H, W] (0 and 1 for one channel, else one-hot)
 * @returns scalar in [0, 1]
 * @throws SegError as `softDiceLoss`.
 */
export function binaryDiceLoss(logits: tf.Tensor5D, target: tf.Tensor, options: BinaryDiceLossOptions = {}): tf.Scalar {
  return softDiceLoss(logits, target, { ...options, activation: 'sigmoid', includeBackground: true });
}
