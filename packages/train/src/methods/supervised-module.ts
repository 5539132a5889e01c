import * as v from 'valibot';
import { defineMethodModule } from '../run/define-method-module.ts';
import { option } from '../run/option-schemas.ts';
import { supervised } from './supervised.ts';

/** `supervised` as a method of runs; everything but its option is in the plan. */
export const supervisedModule = defineMethodModule({
  name: 'supervised',
  summary: 'plain training with cross-entropy and Dice',
  options: v.strictObject({
    outputWeights: option.numbers(
      'Weight of each output of a deeply supervised network, finest first (default: halves).',
    ),
  }),
  create: ({ plan: { batchSize, optimiser, schedule, clipNorm }, options, network }) =>
    supervised({ ...options, network: network(), batchSize, optimiser, schedule, clipNorm }),
});
