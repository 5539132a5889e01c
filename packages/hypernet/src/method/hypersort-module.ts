import { defineMethodModule, type MethodModule, option } from '@seg/train';
import * as v from 'valibot';
import { single } from '../baselines/baseline-methods.ts';
import { shortMapSettings } from '../curate/train-map.ts';
import { hypersort } from './hypersort.ts';
import { hypersortReport, LATENTS } from './hypersort-report.ts';

const { positive, atLeastZero, count, numbers, numbersByName, oneOf, schedule, group } = option;

/**
 * `hypersort` as a method of training runs (`trainRun`, `resumeRun`, `loadRun`), on the network that the run's plan has
 * chosen for its data and with the settings of short trainings (`shortMapSettings`), learning rates included, where its
 * options say nothing else; `hyper` changes the settings that it names. Predicts in the dominant style, at the latent 0.
 * Records all latents after every epoch and at the end (`latents.jsonl`), and adds a map of the data set to the report.
 */
export const hypersortModule: MethodModule = defineMethodModule({
  name: 'hypersort',
  summary: 'a hypernetwork with one latent a case: a map of annotation styles and wrong labels',
  options: v.strictObject({
    hyper: group({
      latentDim: count('Components of a latent (default: 2).'),
      conditionDim: count('Known numbers of a case, given as conditions (default: 0).'),
      hidden: numbers('Widths of the trunk (default: 32, 32).'),
      bound: positive('Largest size of a generated weight.'),
      init: oneOf(['exact', 'released'], 'How the heads start.'),
      spread: atLeastZero('How much styles differ before the first step (default: 1).'),
      packLimit: positive('Largest head, in weights, that is generated in one product.'),
    }),
    conditions: numbersByName('Known numbers of each training case by its id.'),
    predictionCondition: numbers('The condition that predictions are made for (default: the mean).'),
    learningRate: positive('Of the hypernetwork (default: 0.002).'),
    epsilon: positive("Adam's, of hypernetwork and latents (default: 1e-8)."),
    schedule: schedule('Of the hypernetwork (default: cosine to a twentieth).'),
    latentLearningRate: positive('Of the latents (default: 0.03).'),
    latentSchedule: schedule('Of the latents (default: cosine to a twentieth).'),
    latentWeight: atLeastZero("Weight of the latents' penalty (default: 0.2)."),
    latentPenalty: oneOf(['l1', 'l2'], 'The penalty: sum of sizes, or of squares (default: l1).'),
    latentComponentWeights: numbers('Scales each component in the penalty (default: 1).'),
    latentStandardDeviation: atLeastZero('Of the latents at the start (default: 0.02).'),
  }),
  create: ({ plan: { batchSize }, options: { hyper, ...options }, network, record }) =>
    hypersort({
      ...shortMapSettings,
      ...options,
      hyper: { ...shortMapSettings.hyper, ...hyper },
      network: single(network),
      batchSize,
      onLatents: (latents) => record(LATENTS, { ...latents }),
    }),
  report: hypersortReport,
});
