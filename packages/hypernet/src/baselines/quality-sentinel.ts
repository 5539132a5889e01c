import { applyPerturbation, type Perturbation } from '@seg/augment';
import { type Network, type Params, type Rng, SegError, type Triple } from '@seg/core';
import { conv3d, createParams } from '@seg/ops';
import { defineMethod, lossGradients, type Method, type Sample, type Schedule } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { labelDiceError, labelForeground } from '../cases/label-voxels.ts';
import { type StyleImage, toTensor } from '../map/style-model.ts';

export interface QualitySentinelOptions {
  /** Channels of the image; the mask is one more input. Default 1. */
  readonly imageChannels?: number;
  /** Channels of the first level, doubled at each of three; default 8. */
  readonly features?: number;
  /** Adam's; default 1e-3. */
  readonly learningRate?: number;
  /** Default cosine, as published. */
  readonly schedule?: Schedule;
  /** Default 4, at least 2: the ranking loss compares samples of a batch. */
  readonly batchSize?: number;
}

/** The regressor's network: [N, D, H, W, image channels + 1] to the Dice expected of the mask, [N]. */
export function qualitySentinelNetwork(options: QualitySentinelOptions = {}): Network<tf.Tensor1D> {
  const { imageChannels = 1, features = 8 } = options;
  const widths = [imageChannels + 1, features, 2 * features, 4 * features];
  const last = widths[3]!;
  const specs: Record<string, Network['paramSpecs'][string]> = {};
  for (let i = 0; i < 3; i++) {
    const width = widths[i + 1]!;
    for (const [name, from] of [
      ['down', widths[i]!],
      ['residual', width],
    ] as const) {
      specs[`${name}.${i}.kernel`] = {
        shape: [3, 3, 3, from, width],
        role: 'kernel',
        init: { kind: 'kaimingNormal' },
      };
      specs[`${name}.${i}.bias`] = { shape: [width], role: 'bias', init: { kind: 'constant', value: 0 } };
    }
  }
  for (const [name, from, to] of [
    ['attention.0', last, last],
    ['hidden', last, 50],
    ['attention.1', last, 50],
    ['output', 50, 1],
  ] as const) {
    specs[`${name}.kernel`] = { shape: [from, to], role: 'kernel', init: { kind: 'fanInUniform' } };
    specs[`${name}.bias`] = { shape: [to], role: 'bias', init: { kind: 'constant', value: 0 } };
  }
  return {
    paramSpecs: specs,
    bufferSpecs: {},
    init: (rng) => createParams(specs, rng),
    apply(params, x) {
      let h: tf.Tensor5D = x;
      for (let i = 0; i < 3; i++) {
        h = tf.relu(convolve(params, `down.${i}`, h, 2));
        h = tf.relu(tf.add(h, convolve(params, `residual.${i}`, h, 1)) as tf.Tensor5D);
      }
      const pooled = tf.mean(h, [1, 2, 3]) as tf.Tensor2D;
      const gated = dense(params, 'hidden', tf.mul(dense(params, 'attention.0', pooled), pooled));
      const out = dense(params, 'output', tf.mul(dense(params, 'attention.1', pooled), gated));
      return tf.reshape(out, [x.shape[0]]) as tf.Tensor1D;
    },
  };
}

/** Ways in which masks are spoiled for training; one is drawn for each sample, or none. */
const DEGRADATIONS: readonly Perturbation[] = [
  { kind: 'erode', rounds: [1, 2] },
  { kind: 'dilate', rounds: [1, 3] },
  { kind: 'jitter', standardDeviationVoxels: 1 },
  { kind: 'jitter', standardDeviationVoxels: 2 },
  { kind: 'shift', shiftVoxels: [1, 1, 0] },
  { kind: 'shift', shiftVoxels: [0, -2, 1] },
  { kind: 'dropSlices', count: [1, 4], from: 'ends' },
];

/** Weights of the squared error by true Dice: up to 0.3, 0.5, 0.7, 0.9 and above (published). */
const WEIGHTS: readonly (readonly [number, number])[] = [
  [0.3, 7],
  [0.5, 5],
  [0.7, 3],
  [0.9, 2],
  [1, 1],
];
const RANKING_MARGIN = 1e-4;

/**
 * Quality Sentinel, scaled down: a regressor of the Dice of a mask from image and mask, trained on degraded copies of
 * the given labels. Loss: weighted squared error plus the ranking loss relu(-(p_i - p_j)(t_i - t_j) + 1e-4) of pairs.
 *
 * Different from the published one: three dimensions in place of slices, no class embedding (one structure), pairs are
 * neighbours in the batch, and degraded labels stand for the predictions of early checkpoints.
 */
export function qualitySentinel(options: QualitySentinelOptions = {}): Method<'network', 'train', null> {
  const { learningRate = 1e-3, schedule = { kind: 'cosine' }, batchSize = 4 } = options;
  if (batchSize < 2) {
    throw new SegError('invalid-argument', {
      where: 'qualitySentinel',
      problem: 'ranking needs two samples in a batch',
      got: batchSize,
    });
  }
  const network = qualitySentinelNetwork(options);
  return defineMethod<'network', 'train', null>({
    name: 'quality-sentinel',
    groups: { network: { init: (rng) => network.init(rng), optimiser: { kind: 'adam', learningRate }, schedule } },
    streams: { train: { batchSize, foregroundFraction: 0, prepare: degrade } },
    step: ({ params, batch: { train } }) =>
      lossGradients({ network: params.network }, () => {
        const predicted = network.apply(params.network, train.image, { statistics: 'batch' });
        const quality = tf.reshape(train.extras.quality!, [-1]);
        const weights = tf.reshape(train.extras.weight!, [-1]);
        const squares = tf.mean(tf.mul(weights, tf.squaredDifference(predicted, quality)));
        const turned = (t: tf.Tensor) => tf.concat([tf.slice(t, 1), tf.slice(t, 0, 1)]);
        const byPrediction = tf.sub(predicted, turned(predicted));
        const byTruth = tf.sub(quality, turned(quality));
        const ranking = tf.mean(tf.relu(tf.add(tf.neg(tf.mul(byPrediction, byTruth)), RANKING_MARGIN)));
        return tf.add(squares, ranking);
      }),
    predictor: (params) => ({
      apply: (x) => tf.reshape(network.apply(params.network, x), [-1, 1, 1, 1, 1]),
    }),
    validate: async ({ step }) => ({ score: step }),
  });
}

/** Input of the regressor: an image with a mask as its last channel, [1, D, H, W, C + 1]. */
export function qualityInput(image: StyleImage, mask: Uint8Array): tf.Tensor5D {
  const { shape, channels } = image;
  const joined = new Float32Array(image.image.length + mask.length);
  joined.set(image.image);
  joined.set(mask, image.image.length);
  return toTensor({ image: joined, shape, channels: channels + 1 });
}

function degrade(sample: Sample, rng: Rng): Sample {
  const { image, label, shape, channels } = sample;
  const given = labelForeground(label);
  const mask = rng.bernoulli(0.2) ? given : degraded(given, shape, rng);
  const joined = new Float32Array(image.length + mask.length);
  joined.set(image);
  joined.set(mask, image.length);
  const quality = 1 - labelDiceError(mask, label);
  return {
    image: joined,
    label,
    shape,
    channels: channels + 1,
    extras: {
      quality: { data: Float32Array.of(quality), shape: [1] },
      weight: { data: Float32Array.of(weightOf(quality)), shape: [1] },
    },
  };
}

function degraded(label: Uint8Array, shape: Triple, rng: Rng): Uint8Array {
  const kind = DEGRADATIONS[rng.integer(DEGRADATIONS.length)]!;
  return applyPerturbation(label, shape, kind, rng).label;
}

const weightOf = (quality: number) => WEIGHTS.find(([limit]) => quality <= limit)?.[1] ?? 1;

function convolve(params: Params, name: string, x: tf.Tensor5D, stride: number): tf.Tensor5D {
  const bias = params[`${name}.bias`]!;
  return conv3d(x, params[`${name}.kernel`]!, { strides: stride, padding: 1, bias });
}

const dense = (params: Params, name: string, x: tf.Tensor): tf.Tensor =>
  tf.add(tf.matMul(x as tf.Tensor2D, params[`${name}.kernel`] as tf.Tensor2D), params[`${name}.bias`]!);
