import { type Method, type MethodRegistry, methodOption, readMethodOptions } from '@seg/train';
import { unet3d } from '@seg/unet3d';
import { shortMapSettings } from '../curate/train-map.ts';
import { type PlainUnetOptions, plainUnet } from './plain-unet.ts';
import { type TLossUnetOptions, tLossUnet } from './t-loss-unet.ts';

const { positive, schedule } = methodOption;
const defaults = { learningRate: shortMapSettings.learningRate, schedule: shortMapSettings.schedule };

/**
 * The baselines as methods of training runs (`trainRun`, `resumeRun`, `loadRun`), on the network that the run's plan has
 * chosen for its data: `plain-unet` (options `learningRate` and `schedule`) and `t-loss-unet` (`nuLearningRate` too).
 * Rate and schedule are by default those of `hypersort` in runs, so that the runs can be compared.
 */
export const baselineMethods: MethodRegistry = {
  'plain-unet': ({ plan: { network, batchSize }, options }) =>
    plainUnet({
      ...defaults,
      ...readMethodOptions<Omit<PlainUnetOptions, 'network' | 'batchSize'>>('plain-unet', options, {
        learningRate: positive,
        schedule,
      }),
      network: unet3d({ ...network, deepSupervision: false }),
      batchSize,
    }) as unknown as Method,
  't-loss-unet': ({ plan: { network, batchSize }, options }) =>
    tLossUnet({
      ...defaults,
      ...readMethodOptions<Omit<TLossUnetOptions, 'network' | 'batchSize'>>('t-loss-unet', options, {
        learningRate: positive,
        nuLearningRate: positive,
        schedule,
      }),
      network: unet3d({ ...network, deepSupervision: false }),
      batchSize,
    }) as unknown as Method,
};
