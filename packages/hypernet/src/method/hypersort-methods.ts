import type { Method, MethodRegistry } from '@seg/train';
import { unet3d } from '@seg/unet3d';
import { shortMapSettings } from '../curate/train-map.ts';
import { type HyperSortOptions, hypersort } from './hypersort.ts';

/**
 * `hypersort` as a method of training runs (`trainRun`, `resumeRun`, `loadRun`), on the network that the run's plan has
 * chosen for its data and with the settings of short trainings (`shortMapSettings`), learning rates included. Predicts in
 * the dominant style, at the latent 0.
 *
 * @param options.onLatents receives all latents after every epoch and at the end
 */
export function hypersortMethods(options: Pick<HyperSortOptions, 'onLatents'> = {}): MethodRegistry {
  return {
    hypersort: ({ plan: { network, batchSize } }) =>
      hypersort({
        ...shortMapSettings,
        ...options,
        network: unet3d({ ...network, deepSupervision: false }),
        batchSize,
      }) as unknown as Method,
  };
}
