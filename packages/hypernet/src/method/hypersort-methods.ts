import { type Method, type MethodRegistry, methodOption, readMethodOptions } from '@seg/train';
import { unet3d } from '@seg/unet3d';
import { shortMapSettings } from '../curate/train-map.ts';
import { type HyperSortOptions, hypersort } from './hypersort.ts';

/** The `methodOptions` of runs with `hypersort`; see `HyperSortOptions`. `hyper` changes the settings that it names. */
export type HyperSortRunOptions = Omit<HyperSortOptions, 'network' | 'batchSize' | 'onLatents'>;

const { positive, atLeastZero, count, numbers, numbersByName, oneOf, schedule } = methodOption;

/**
 * `hypersort` as a method of training runs (`trainRun`, `resumeRun`, `loadRun`), on the network that the run's plan has
 * chosen for its data and with the settings of short trainings (`shortMapSettings`), learning rates included, where its
 * options (`HyperSortRunOptions`) say nothing else. Predicts in the dominant style, at the latent 0.
 *
 * @param options.onLatents receives all latents after every epoch and at the end
 */
export function hypersortMethods(options: Pick<HyperSortOptions, 'onLatents'> = {}): MethodRegistry {
  return {
    hypersort: ({ plan: { network, batchSize }, options: given }) => {
      const { hyper, ...rest } = readMethodOptions<HyperSortRunOptions>('hypersort', given, {
        hyper: {
          fields: {
            latentDim: count,
            conditionDim: count,
            hidden: numbers,
            bound: positive,
            init: oneOf('exact', 'released'),
            spread: atLeastZero,
            packLimit: positive,
          },
        },
        conditions: numbersByName,
        predictionCondition: numbers,
        learningRate: positive,
        epsilon: positive,
        schedule,
        latentLearningRate: positive,
        latentSchedule: schedule,
        latentWeight: atLeastZero,
        latentPenalty: oneOf('l1', 'l2'),
        latentComponentWeights: numbers,
        latentStandardDeviation: atLeastZero,
      });
      return hypersort({
        ...shortMapSettings,
        ...options,
        ...rest,
        hyper: { ...shortMapSettings.hyper, ...hyper },
        network: unet3d({ ...network, deepSupervision: false }),
        batchSize,
      }) as unknown as Method;
    },
  };
}
