import { type Network, SegError } from '@seg/core';
import { diceCrossEntropyLoss } from '@seg/losses';
import { accumulateGradients, defineMethod, lossGradients, type Method, type Schedule } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { initialLatent, latentsOf } from '../latent/latent-table.ts';
import { latentPenalty } from '../latent/regularisers.ts';
import { type HyperNetworkOptions, hyperNetwork } from '../network/hyper-network.ts';

export interface HyperSortOptions {
  /** The segmentation network whose weights are generated; its logits have 2 or more classes. */
  readonly network: Network<tf.Tensor5D>;
  /** Trunk, latent size, bound and start of the hypernetwork. */
  readonly hyper?: HyperNetworkOptions;
  /** Adam's learning rate for the hypernetwork; default 1e-3 (published code; the paper says 1e-4). */
  readonly learningRate?: number;
  /** Of the hypernetwork; default constant, as published. */
  readonly schedule?: Schedule;
  /** Adam's learning rate for the latents; default 1e-3 as published. Short runs (tens of epochs) need about 0.03. */
  readonly latentLearningRate?: number;
  /** Of the latents; default constant, as published. */
  readonly latentSchedule?: Schedule;
  /** Weight of ||z||_1; default 1 as published; with it, short runs need a large latent learning rate. */
  readonly latentWeight?: number;
  /** Latents start at N(0, sd^2); default 0.05. */
  readonly latentStandardDeviation?: number;
  /** Cases whose gradients are averaged for one step of the hypernetwork; default 1, as published. */
  readonly batchSize?: number;
  /** Receives all latents after every epoch and at the end, so that the map's history can be played. */
  readonly onLatents?: (record: LatentRecord) => void;
}

/** The map at one moment of the training. */
export interface LatentRecord {
  readonly step: number;
  readonly latents: Readonly<Record<string, readonly number[]>>;
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
 * sum over cases of CE + soft Dice of the network with generated weights, plus weight * ||z||_1.
 *
 * Groups: `hyper` and `latents` (one [1, latentDim] tensor per case id, Adam with memories 0.7 and 0.9 and a step count
 * of its own). Prediction uses the weights at z = 0, the dominant style. There is no validation by Dice, because no
 * label is trusted: the best checkpoint is that of the lowest smoothed loss.
 */
export function hypersort(options: HyperSortOptions): Method<'hyper' | 'latents', 'train', HyperSortState> {
  const { network, learningRate = 1e-3, latentLearningRate = 1e-3, latentWeight = 1, batchSize = 1 } = options;
  const { schedule = { kind: 'constant' }, latentStandardDeviation = 0.05, onLatents } = options;
  const { latentSchedule = { kind: 'constant' } } = options;
  const hyper = hyperNetwork(network, options.hyper);
  if (hyper.conditionDim !== 0) {
    throw new SegError('invalid-argument', {
      where: 'hypersort',
      problem: 'conditions are not part of the method',
      got: { conditionDim: hyper.conditionDim },
      hint: 'Use hyperNetwork in a method of your own for known conditions.',
    });
  }
  return defineMethod<'hyper' | 'latents', 'train', HyperSortState>({
    name: 'hypersort',
    groups: {
      hyper: { init: (rng) => hyper.init(rng), optimiser: { kind: 'adam', learningRate }, schedule },
      latents: {
        init: (rng, caseIds) =>
          Object.fromEntries(
            caseIds.map((id) => {
              const values = initialLatent(rng, id, hyper.latentDim, latentStandardDeviation);
              return [id, tf.tensor2d([...values], [1, hyper.latentDim])];
            }),
          ),
        optimiser: { kind: 'adam', learningRate: latentLearningRate, beta1: 0.7, beta2: 0.9 },
        schedule: latentSchedule,
      },
    },
    streams: { train: { batchSize, foregroundFraction: 0 } },
    initialState: () => ({ loss: null }),
    step: ({ params, batch: { train }, state }) => {
      const update = accumulateGradients(
        train.cases.length,
        (i) => {
          const { id } = train.cases[i]!;
          const latent = params.latents[id] as tf.Tensor2D;
          const image = tf.slice(train.image, i, 1) as tf.Tensor5D;
          const label = tf.slice(train.label, i, 1) as tf.Tensor4D;
          return lossGradients({ hyper: params.hyper, latents: { [id]: latent } }, () => {
            const logits = network.apply(hyper.generate(params.hyper, latent), image, { training: true });
            const segmentation = segmentationLoss(logits, label);
            const penalty = latentPenalty(latent, { weight: latentWeight });
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
        const origin = tf.zeros([1, hyper.latentDim]) as tf.Tensor2D;
        return network.apply(hyper.generate(params, origin), x, { training: false });
      },
    }),
    async validate({ state }) {
      return { score: -(state.loss ?? Number.POSITIVE_INFINITY), loss: state.loss ?? Number.NaN };
    },
    async afterEpoch({ params, step }) {
      if (onLatents === undefined) return;
      const latents = Object.fromEntries((await latentsOf(params.latents)).map(({ id, latent }) => [id, latent]));
      onLatents({ step, latents });
    },
  });
}

/**
 * Mean cross-entropy plus soft Dice over all channels, background included; the smoothing of 1e-8 only keeps a ratio of
 * two empty sums defined.
 */
function segmentationLoss(logits: tf.Tensor5D, label: tf.Tensor4D): tf.Scalar {
  return diceCrossEntropyLoss(logits, label, { includeBackground: true, smooth: 1e-8 });
}
