import type { Network } from '@seg/core';
import { defineMethodModule, type MethodModule, option } from '@seg/train';
import type * as tf from '@tensorflow/tfjs-core';
import * as v from 'valibot';
import { shortMapSettings } from '../curate/train-map.ts';
import { plainUnet } from './plain-unet.ts';
import { tLossUnet } from './t-loss-unet.ts';

const defaults = { learningRate: shortMapSettings.learningRate, schedule: shortMapSettings.schedule };
const learningRate = option.positive("Adam's for the network (default: as hypersort in runs).");
const schedule = option.schedule('Of the learning rate (default: as hypersort in runs).');

/**
 * The baselines as methods of training runs (`trainRun`, `resumeRun`, `loadRun`), on the network that the run's plan has
 * chosen for its data: `plain-unet` and `t-loss-unet`. Rate and schedule are by default those of `hypersort` in runs, so
 * that the runs can be compared.
 */
export const baselineMethods: readonly MethodModule[] = [
  defineMethodModule({
    name: 'plain-unet',
    summary: "the plain network with HyperSORT's loss and optimiser, to compare with hypersort",
    options: v.strictObject({ learningRate, schedule }),
    create: ({ plan: { batchSize }, options, network }) =>
      plainUnet({ ...defaults, ...options, network: single(network), batchSize }),
  }),
  defineMethodModule({
    name: 't-loss-unet',
    summary: 'the plain network with the T-loss, robust against single wrong voxels',
    options: v.strictObject({
      learningRate,
      nuLearningRate: option.positive("Adam's for the loss's degrees of freedom (default: 0.001)."),
      schedule,
    }),
    create: ({ plan: { batchSize }, options, network }) =>
      tLossUnet({ ...defaults, ...options, network: single(network), batchSize }),
  }),
];

/** The plan's network with its finest output alone. */
export function single(network: (changes: { deepSupervision: false }) => unknown): Network<tf.Tensor5D> {
  return network({ deepSupervision: false }) as Network<tf.Tensor5D>;
}
