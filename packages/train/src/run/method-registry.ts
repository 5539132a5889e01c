import { checkOption } from '@seg/core';
import { unet3d } from '@seg/unet3d';
import type { JsonValue } from '../json.ts';
import type { Method } from '../method/method.ts';
import { type SupervisedOptions, supervised } from '../methods/supervised.ts';
import type { TrainingPlan } from '../plan/training-plan.ts';
import { methodOption, readMethodOptions } from './method-options.ts';

/** What a method is made from in a run. */
export interface MethodContext {
  readonly plan: TrainingPlan;
  /** Options of the method itself, as the run's configuration holds them; read them with `readMethodOptions`. */
  readonly options: JsonValue;
}

/** Makes a method from a run's configuration; the same configuration must give the same method. */
export type MethodFactory = (context: MethodContext) => Method;

/** Methods by the name that `--method` takes. */
export type MethodRegistry = Readonly<Record<string, MethodFactory>>;

/** The methods that this package has itself. `supervised` takes the option `outputWeights`; all else is in the plan. */
export const builtInMethods: MethodRegistry = {
  supervised: ({ plan, options }) => {
    const { network, batchSize, optimiser, schedule, clipNorm } = plan;
    const own = readMethodOptions<Pick<SupervisedOptions, 'outputWeights'>>('supervised', options, {
      outputWeights: methodOption.numbers,
    });
    const net = unet3d(network);
    return supervised({ ...own, network: net, batchSize, optimiser, schedule, clipNorm }) as unknown as Method;
  },
};

/** The method of that name; throws `unknown-option` with the nearest name. */
export function createMethod(name: string, context: MethodContext, registry: MethodRegistry = {}): Method {
  const all: MethodRegistry = { ...builtInMethods, ...registry };
  return all[checkOption('createMethod', 'method', name, Object.keys(all))]!(context);
}
