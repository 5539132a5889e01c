import type { Network } from '@seg/core';
import { networkPredictor } from '@seg/inference';
import { createParams, diceCrossEntropy } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { IGNORED_CLASS } from '../data/cut-patch.ts';
import { captureStatistics } from '../method/capture-statistics.ts';
import { lossGradients } from '../method/loss-gradients.ts';
import { defineMethod, type Method } from '../method/method.ts';
import type { OptimiserConfig } from '../optimiser/optimiser-config.ts';
import type { Schedule } from '../optimiser/schedule.ts';
import { mergeUnannotated } from './merge-unannotated.ts';

/** Compares logits [N, D, H, W, K] with a label map [N, D, H, W] of classes 0 .. K - 1, or 255 for voxels to ignore. */
export type SegmentationLoss = (logits: tf.Tensor5D, label: tf.Tensor4D) => tf.Scalar;

export interface SupervisedOptions {
  /** Logits, or logits of several resolutions, finest first (deep supervision). */
  readonly network: Network<tf.Tensor5D> | Network<tf.Tensor5D[]>;
  /** Default: mean cross-entropy plus one minus soft Dice without background, each sample by itself. */
  readonly loss?: SegmentationLoss;
  /** Samples a step; default 2. */
  readonly batchSize?: number;
  /** Default: SGD with Nesterov momentum 0.99, learning rate 0.01, weight decay 3e-5 (nnU-Net). */
  readonly optimiser?: OptimiserConfig;
  /** Default poly with exponent 0.9. */
  readonly schedule?: Schedule;
  /** Default 12 (nnU-Net). */
  readonly clipNorm?: number;
  /** Weight of each output, finest first; default 2^-s, the coarsest of several 0 (nnU-Net). Scaled to the sum 1. */
  readonly outputWeights?: readonly number[];
}

/**
 * Plain supervised training of a network, with or without deep supervision.
 *
 * Groups: `network` (trained) and `buffers` (running statistics, if the network has any). Stream: `train`, all labelled
 * cases. Label maps for coarser outputs are subsampled: the voxel in the middle of each block counts. Classes that were
 * not annotated in a case count as part of its background (`mergeUnannotated`), so `loss` must be one of softmax
 * probabilities.
 */
export function supervised(options: SupervisedOptions): Method<'network' | 'buffers', 'train', null> {
  const { network, batchSize = 2, clipNorm = 12, schedule } = options;
  const { loss = (logits, label) => diceCrossEntropy(logits, label, { ignoreLabel: IGNORED_CLASS }) } = options;
  const optimiser = options.optimiser ?? { kind: 'sgd', learningRate: 0.01, momentum: 0.99, weightDecay: 3e-5 };
  return defineMethod({
    name: 'supervised',
    groups: {
      network: {
        init: (rng) => network.init(rng),
        optimiser,
        clipNorm,
        ...(schedule === undefined ? {} : { schedule }),
      },
      buffers: { init: (rng) => createParams(network.bufferSpecs, rng) },
    },
    streams: { train: { batchSize } },
    step: ({ params, trainable, batch: { train }, rng }) => {
      const statistics = captureStatistics(params.buffers);
      const context = { dropout: rng, ...statistics.context };
      const update = lossGradients(trainable, () => {
        const out: tf.Tensor5D | readonly tf.Tensor5D[] = network.apply(params.network, train.image, context);
        const outputs = isList(out) ? out : [out];
        const weights = normalise(options.outputWeights ?? deepSupervisionWeights(outputs.length));
        const terms = outputs.flatMap((logits, s) => {
          const weight = weights[s] ?? 0;
          if (weight === 0) return [];
          const merged = mergeUnannotated(logits, train.cases);
          return [tf.mul(loss(merged, subsample(train.label, logits)), weight)];
        });
        return tf.addN(terms);
      });
      return { ...update, assign: { buffers: statistics.updated } };
    },
    predictor: (params) => networkPredictor(network, params.network, { buffers: params.buffers }),
  });
}

/** nnU-Net's weights of deep supervision before normalisation: 2^-s, the coarsest output 0 unless it is the only one. */
export function deepSupervisionWeights(outputs: number): readonly number[] {
  return Array.from({ length: outputs }, (_, s) => (s > 0 && s === outputs - 1 ? 0 : 2 ** -s));
}

function normalise(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

function subsample(label: tf.Tensor4D, logits: tf.Tensor5D): tf.Tensor4D {
  const steps = label.shape.map((n, axis) => n / logits.shape[axis]!);
  if (steps.every((n) => n === 1)) return label;
  const begin = steps.map((n) => Math.floor(n / 2));
  return tf.stridedSlice(label, begin, label.shape, steps) as tf.Tensor4D;
}

function isList(out: tf.Tensor5D | readonly tf.Tensor5D[]): out is readonly tf.Tensor5D[] {
  return Array.isArray(out);
}
