import { checkOption, type Network, SegError } from '@seg/core';
import { diceCrossEntropyLoss } from '@seg/losses';
import {
  accumulateGradients,
  defineMethod,
  IGNORED_CLASS,
  lossGradients,
  type Method,
  mergeUnannotated,
  type Schedule,
} from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LatentRecord } from '../latent/latent-history.ts';
import { initialLatent, latentsOf } from '../latent/latent-table.ts';
import { latentPenalty } from '../latent/regularisers.ts';
import { type HyperNetworkOptions, hyperNetwork } from '../network/hyper-network.ts';
import { caseConditions } from './conditions.ts';

export interface HyperSortOptions {
  /**
   * The segmentation network whose weights are generated; its logits have 2 or more classes. It has no running
   * statistics: no one set of them would fit the networks of all styles.
   */
  readonly network: Network<tf.Tensor5D>;
  /**
   * Trunk, latent size, bound and start of the hypernetwork. With `conditionDim` each case's weights depend on its
   * `conditions` too; with `latentDim: 0` on them alone.
   */
  readonly hyper?: HyperNetworkOptions;
  /** Known numbers of each training case by its id, `hyper.conditionDim` each, of about unit size: spacing, age, dose. */
  readonly conditions?: Readonly<Record<string, readonly number[]>>;
  /** The condition that predictions are made for; default the mean of `conditions`. */
  readonly predictionCondition?: readonly number[];
  /** Adam's learning rate for the hypernetwork; default 1e-3 (published code; the paper says 1e-4). */
  readonly learningRate?: number;
  /**
   * Adam's epsilon for the hypernetwork; default 1e-8, as published. Where images are almost empty and the backend works
   * with `precision: 'fast'`, 1e-4 keeps rounding from moving weights whose gradient is zero.
   */
  readonly epsilon?: number;
  /** Of the hypernetwork; default constant, as published. */
  readonly schedule?: Schedule;
  /** Adam's learning rate for the latents; default 1e-3 as published. Short runs (tens of epochs) need about 0.03. */
  readonly latentLearningRate?: number;
  /** Of the latents; default constant, as published. */
  readonly latentSchedule?: Schedule;
  /** Weight of the latents' penalty; default 1 as published; with it, short runs need a large latent learning rate. */
  readonly latentWeight?: number;
  /** The penalty: ||z||_1 (default, as published) or ||z||_2^2. */
  readonly latentPenalty?: 'l1' | 'l2';
  /** Scales each component of the latent in the penalty; default 1. */
  readonly latentComponentWeights?: readonly number[];
  /** Latents start at N(0, sd^2); default 0.05. */
  readonly latentStandardDeviation?: number;
  /** Cases whose gradients are averaged for one step of the hypernetwork; default 1, as published. */
  readonly batchSize?: number;
  /** Receives all latents after every epoch and at the end, so that the map's history can be played. */
  readonly onLatents?: (record: LatentRecord) => void;
}

/** What the method remembers besides its tensors. */
export interface HyperSortState {
  /** Smoothed training loss without the latents' penalty; NaN before the first step is stored as null. */
  readonly [name: string]: number | null;
  readonly loss: number | null;
}

const SMOOTHING = 0.98;

/**
 * HyperSORT: a hypernetwork and one latent per training case, trained together (equation 1):
 * sum over cases of CE + soft Dice of the network with generated weights, plus weight * ||z||_1. Voxels of class 255
 * count in neither, and classes that were not annotated in a case count as part of its background.
 *
 * Groups: `hyper` and `latents` (one [1, latentDim] tensor per case id, Adam with memories 0.7 and 0.9 and a step count
 * of its own). Prediction uses the weights at z = 0, the dominant style, and at `predictionCondition`. There is no
 * validation by Dice, because no label is trusted: the best checkpoint is that of the lowest smoothed loss.
 *
 * @throws SegError `unsupported` for a network with running statistics, `invalid-argument` for conditions that do not
 * fit `hyper.conditionDim` and bad weights; `fit` throws `not-found` for cases without a condition.
 */
export function hypersort(options: HyperSortOptions): Method<'hyper' | 'latents', 'train', HyperSortState> {
  const { network, learningRate = 1e-3, latentLearningRate = 1e-3, latentWeight = 1, batchSize = 1 } = options;
  const { schedule = { kind: 'constant' }, latentStandardDeviation = 0.05, onLatents } = options;
  const { latentSchedule = { kind: 'constant' }, epsilon = 1e-8 } = options;
  const { latentPenalty: kind = 'l1', latentComponentWeights: weights } = options;
  const hyper = hyperNetwork(network, options.hyper);
  const { latentDim } = hyper;
  checkNetwork(network);
  checkPenalty(kind, latentWeight, weights, latentDim);
  const conditions = caseConditions('hypersort', hyper.conditionDim, options.conditions, options.predictionCondition);
  const penaltyOf = (latent: tf.Tensor2D) =>
    latentPenalty(latent, { kind, weight: latentWeight, ...(weights === undefined ? {} : { weights }) });
  return defineMethod<'hyper' | 'latents', 'train', HyperSortState>({
    name: 'hypersort',
    groups: {
      hyper: { init: (rng) => hyper.init(rng), optimiser: { kind: 'adam', learningRate, epsilon }, schedule },
      latents: {
        init: (rng, caseIds) => {
          conditions.check(caseIds);
          if (latentDim === 0) return {};
          return Object.fromEntries(
            caseIds.map((id) => {
              const values = initialLatent(rng, id, latentDim, latentStandardDeviation);
              return [id, tf.tensor2d([...values], [1, latentDim])];
            }),
          );
        },
        optimiser: { kind: 'adam', learningRate: latentLearningRate, beta1: 0.7, beta2: 0.9 },
        schedule: latentSchedule,
      },
    },
    streams: { train: { batchSize, foregroundFraction: 0 } },
    initialState: () => ({ loss: null }),
    step: ({ params, batch: { train }, state, rng }) => {
      const update = accumulateGradients(
        train.cases.length,
        (i) => {
          const { id } = train.cases[i]!;
          const latent = params.latents[id] as tf.Tensor2D | undefined;
          const known = conditions.of(id);
          const image = tf.slice(train.image, i, 1) as tf.Tensor5D;
          const label = tf.slice(train.label, i, 1) as tf.Tensor4D;
          const latents = latent === undefined ? {} : { [id]: latent };
          return lossGradients({ hyper: params.hyper, latents }, () => {
            const weights = hyper.generate(params.hyper, inputOf(latent, known));
            const logits = network.apply(weights, image, { statistics: 'batch', dropout: rng });
            const segmentation = segmentationLoss(mergeUnannotated(logits, [train.cases[i]!]), label);
            const penalty = latent === undefined ? tf.scalar(0) : penaltyOf(latent);
            return { loss: tf.add(segmentation, penalty), metrics: { segmentation, penalty } };
          });
        },
        { perCase: ['latents'] },
      );
      return {
        ...update,
        nextState: ({ segmentation: loss }) => ({
          loss: state.loss === null ? loss! : SMOOTHING * state.loss + (1 - SMOOTHING) * loss!,
        }),
      };
    },
    predictor: ({ hyper: params }) => ({
      apply: (x) => {
        const origin = [...new Float32Array(latentDim), ...conditions.forPrediction];
        return network.apply(hyper.generate(params, tf.tensor2d([origin])), x);
      },
    }),
    async validate({ state }) {
      return { score: state.loss === null ? null : -state.loss, loss: state.loss };
    },
    async afterEpoch({ params, step }) {
      if (onLatents === undefined) return;
      const points = await latentsOf(params.latents);
      const inputs =
        points.length === 0
          ? [conditions.forPrediction, ...Object.values(options.conditions ?? {})]
          : points.map(({ id, latent }) => [...latent, ...conditions.of(id)]);
      let saturation = 0;
      for (const values of inputs) {
        const input = tf.tensor2d([[...values]]);
        saturation = Math.max(saturation, await hyper.saturation(params.hyper, input));
        input.dispose();
      }
      onLatents({ step, latents: Object.fromEntries(points.map(({ id, latent }) => [id, latent])), saturation });
    },
  });
}

/** A case's input of the hypernetwork: its latent, then its conditions. */
function inputOf(latent: tf.Tensor2D | undefined, condition: readonly number[]): tf.Tensor2D {
  const parts = [
    ...(latent === undefined ? [] : [latent]),
    ...(condition.length > 0 ? [tf.tensor2d([...condition], [1, condition.length])] : []),
  ];
  return (parts.length === 1 ? parts[0] : tf.concat(parts, 1)) as tf.Tensor2D;
}

/**
 * Mean cross-entropy plus soft Dice over all channels, background included; the smoothing of 1e-8 only keeps a ratio of
 * two empty sums defined.
 */
function segmentationLoss(logits: tf.Tensor5D, label: tf.Tensor4D): tf.Scalar {
  return diceCrossEntropyLoss(logits, label, { includeBackground: true, smooth: 1e-8, ignoreLabel: IGNORED_CLASS });
}

function checkNetwork({ bufferSpecs }: Network<unknown>): void {
  const [name] = Object.keys(bufferSpecs);
  if (name === undefined) return;
  throw new SegError('unsupported', {
    where: 'hypersort',
    problem: 'the network has running statistics, which every style would need for itself',
    got: name,
    hint: 'Use a network with instance or group norms.',
  });
}

function checkPenalty(kind: string, weight: number, weights: readonly number[] | undefined, size: number): void {
  checkOption('hypersort', 'latentPenalty', kind, ['l1', 'l2']);
  const isRight = (w: number) => Number.isFinite(w) && w >= 0;
  if (isRight(weight) && (weights === undefined || (weights.length === size && weights.every(isRight)))) return;
  throw new SegError('invalid-argument', {
    where: 'hypersort',
    problem: 'latentWeight and latentComponentWeights must be at least 0, the latter one for each component',
    got: weights ?? weight,
    expected: `${size} number(s)`,
  });
}
