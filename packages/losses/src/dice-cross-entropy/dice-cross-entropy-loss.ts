import { type DiceCrossEntropyOptions, diceCrossEntropy } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropyLoss } from '../cross-entropy/cross-entropy-loss.ts';
import { softDiceLoss } from '../dice/soft-dice-loss.ts';
import { checkTarget } from '../internal/target.ts';

export type DiceCrossEntropyLossOptions = DiceCrossEntropyOptions;

/**
 * Cross-entropy plus soft Dice loss: the default objective of nnU-Net (Isensee et al. 2021), MONAI's `DiceCELoss`.
 *
 * crossEntropyWeight * mean cross-entropy + diceWeight * (1 - mean Dice), Dice = (2 sum p y + smooth) /
 * (sum p + sum y + smooth) per sample and class without background (see the options). For a label map it runs as one
 * fused pass where the backend has one; a one-hot or soft target is composed of `crossEntropyLoss` and `softDiceLoss`.
 *
 * @param logits [N, D, H, W, C], C at least 2
 * @param target int32 label map [N, D, H, W], or probabilities [N, D, H, W, C] (no ignore label then)
 * @returns scalar; minimum 0 for a label map
 * @throws SegError `shape-mismatch` when target and logits differ, `invalid-argument` for bad options.
 */
export function diceCrossEntropyLoss(
  logits: tf.Tensor5D,
  target: tf.Tensor,
  options: DiceCrossEntropyLossOptions = {},
): tf.Scalar {
  if (checkTarget('diceCrossEntropyLoss', logits, target) === 'labels')
    return diceCrossEntropy(logits, target, options);
  const { crossEntropyWeight = 1, diceWeight = 1, smooth = 1e-5, ignoreLabel = -1 } = options;
  const { includeBackground = false, batchDice = false } = options;
  const ignore = ignoreLabel === -1 ? {} : { ignoreLabel };
  return tf.tidy(() =>
    tf.add(
      tf.mul(crossEntropyLoss(logits, target, ignore), crossEntropyWeight),
      tf.mul(softDiceLoss(logits, target, { smooth, includeBackground, batchDice, ...ignore }), diceWeight),
    ),
  );
}
