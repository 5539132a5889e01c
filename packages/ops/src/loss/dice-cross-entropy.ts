import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { fusedKernels } from '../fused-kernels.ts';
import { checkRange, checkRank5 } from '../internal/checks.ts';
import { runCustomOp } from '../internal/custom-op.ts';
import { hasKernel, runKernel } from '../internal/fused.ts';
import { oneHot } from '../one-hot.ts';

export interface DiceCrossEntropyOptions {
  /** Default 1. */
  readonly crossEntropyWeight?: number;
  /** Default 1. */
  readonly diceWeight?: number;
  /** Added to numerator and denominator of Dice. Default 1e-5. */
  readonly smooth?: number;
  /** Whether class 0 counts in Dice. Default false. */
  readonly includeBackground?: boolean;
  /** Sum over the batch before taking the ratio, rather than one Dice a sample. Default false. */
  readonly batchDice?: boolean;
  /** Voxels with this label (0 or above) count nowhere; -1: none. Default -1. */
  readonly ignoreLabel?: number;
}

type Attrs = Required<DiceCrossEntropyOptions>;

/**
 * Mean cross-entropy plus one minus mean soft Dice of softmax probabilities, in one pass where the backend can:
 * weight * mean CE over the voxels that count + weight * (1 - mean (2 * overlap + smooth) / (sum p + sum y + smooth)).
 *
 * First-order gradient to the logits only. Voxels that all carry the ignore label give a cross-entropy of 0. Labels are
 * not checked, because that would wait for the device: a voxel whose label is no class counts with a cross-entropy of 0,
 * and its probabilities count in Dice.
 *
 * @param logits [N, D, H, W, C], C at least 2
 * @param labels int32 [N, D, H, W], 0 .. C - 1 or the ignore label
 * @returns scalar
 * @throws SegError `shape-mismatch` when labels and logits differ, `invalid-argument` for one channel or bad options.
 */
export function diceCrossEntropy(
  logits: tf.Tensor5D,
  labels: tf.Tensor,
  options: DiceCrossEntropyOptions = {},
): tf.Scalar {
  const where = 'diceCrossEntropy';
  checkRank5(where, 'logits', logits);
  if (labels?.shape.join() !== logits.shape.slice(0, 4).join()) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'labels must have the shape of the logits without channels',
      got: labels?.shape,
      expected: logits.shape.slice(0, 4),
    });
  }
  if (logits.shape[4] < 2) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'needs at least two classes',
      got: logits.shape[4],
      hint: 'Use a sigmoid loss for one channel.',
    });
  }
  const { ignoreLabel = -1 } = options;
  if (!Number.isInteger(ignoreLabel) || ignoreLabel < -1) {
    throw new SegError('invalid-argument', { where, problem: 'ignoreLabel must be -1 or a label', got: ignoreLabel });
  }
  const attrs: Attrs = {
    crossEntropyWeight: checkRange(where, 'crossEntropyWeight', options.crossEntropyWeight ?? 1, 0, 1e6),
    diceWeight: checkRange(where, 'diceWeight', options.diceWeight ?? 1, 0, 1e6),
    smooth: checkRange(where, 'smooth', options.smooth ?? 1e-5, 0, 1e6),
    includeBackground: options.includeBackground ?? false,
    batchDice: options.batchDice ?? false,
    ignoreLabel,
  };
  return tf.tidy(() => {
    // The engine's cast copies also what has the type.
    const target = labels.dtype === 'int32' ? labels : tf.cast(labels, 'int32');
    return (hasKernel(fusedKernels.diceCrossEntropy) ? fused : composed)(logits, target, attrs) as tf.Scalar;
  });
}

function fused(logits: tf.Tensor, labels: tf.Tensor, attrs: Attrs): tf.Tensor {
  return runCustomOp({
    inputs: { logits },
    forward: (save) => {
      const [loss, dLogits] = runKernel(fusedKernels.diceCrossEntropy, { logits, labels }, attrs);
      save([dLogits!]);
      dLogits!.dispose();
      return loss!;
    },
    gradient: (dy, [dLogits]) => ({ logits: () => tf.mul(dLogits!, dy) }),
  })[0]!;
}

function composed(logits: tf.Tensor, labels: tf.Tensor, attrs: Attrs): tf.Tensor {
  return runCustomOp({
    inputs: { logits },
    forward: (save) => {
      save([logits, labels]);
      return tf.tidy(() => {
        const { logP, y, voxels, dice } = terms(logits, labels, attrs);
        const crossEntropy = tf.div(tf.neg(tf.sum(tf.mul(y, logP))), voxels);
        return tf.add(
          tf.mul(crossEntropy, attrs.crossEntropyWeight),
          tf.mul(tf.sub(1, tf.mean(tf.div(dice.numerator, dice.denominator))), attrs.diceWeight),
        );
      });
    },
    gradient: (dy, [logits, labels]) => ({
      logits: () => tf.tidy(() => tf.mul(composedGradient(logits!, labels!, attrs), dy)),
    }),
  })[0]!;
}

function terms(logits: tf.Tensor, labels: tf.Tensor, { smooth, includeBackground, batchDice, ignoreLabel }: Attrs) {
  const logP = tf.logSoftmax(logits);
  const counts = ignoreLabel === -1 ? tf.onesLike(labels) : tf.notEqual(labels, ignoreLabel);
  const counted = tf.expandDims(tf.cast(counts, 'float32'), 4);
  const p = tf.mul(tf.exp(logP), counted);
  const y = tf.mul(oneHot(labels, logits.shape[4]!), counted);
  const axes = batchDice ? [0, 1, 2, 3] : [1, 2, 3];
  const foreground = (v: tf.Tensor) => {
    const sums = tf.sum(v, axes, true);
    return includeBackground ? sums : tf.slice(sums, [0, 0, 0, 0, 1]);
  };
  const numerator = tf.add(tf.mul(foreground(tf.mul(p, y)), 2), smooth);
  const denominator = tf.add(tf.add(foreground(p), foreground(y)), smooth);
  const voxels = tf.maximum(tf.sum(counted), 1);
  return { logP, p, y, counted, voxels, dice: { numerator, denominator } };
}

function composedGradient(logits: tf.Tensor, labels: tf.Tensor, attrs: Attrs): tf.Tensor {
  const { p, y, voxels, dice } = terms(logits, labels, attrs);
  const { numerator, denominator } = dice;
  // d Dice / d p = (2 y - Dice) / denominator at every voxel that counts; p is 0 elsewhere.
  const toLogitsOfAll = (v: tf.Tensor) =>
    attrs.includeBackground
      ? v
      : tf.pad(v, [
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
          [1, 0],
        ]);
  const inverse = toLogitsOfAll(tf.div(-attrs.diceWeight / numerator.size, denominator));
  const ratio = toLogitsOfAll(tf.div(numerator, denominator));
  const dP = tf.mul(tf.sub(tf.mul(y, 2), ratio), inverse);
  const viaSoftmax = tf.mul(p, tf.sub(dP, tf.sum(tf.mul(p, dP), 4, true)));
  // A voxel whose label is no class has no cross-entropy.
  const labelled = tf.sum(y, 4, true);
  const crossEntropy = tf.mul(tf.sub(tf.mul(p, labelled), y), tf.div(attrs.crossEntropyWeight, voxels));
  return tf.add(crossEntropy, viaSoftmax);
}
