import { checkOption } from '@seg/core';
import type { JsonValue } from '../json.ts';
import type { Method } from '../method/method.ts';
import { supervisedModule } from '../methods/supervised-module.ts';
import { type NetworkKinds, networkKind } from '../plan/network-kinds.ts';
import type { TrainingPlan } from '../plan/training-plan.ts';
import type { MethodModule } from './method-module.ts';
import { readOptions } from './read-options.ts';

/** What runs can be made with besides what is built in: methods by their modules, networks by kind. */
export interface Registry {
  readonly methods?: readonly MethodModule[];
  readonly networks?: NetworkKinds;
}

/** A method as a run's configuration names it. */
export interface MethodSettings {
  readonly plan: TrainingPlan;
  /** Options of the method, as JSON holds them; null for none. */
  readonly options: JsonValue;
  /** Where the method's records go; default nowhere. */
  readonly record?: (name: string, value: JsonValue) => void;
}

/** The methods that this package has itself. */
export const builtInMethods: readonly MethodModule[] = [supervisedModule];

/**
 * The module of that name; of two with one name the one given here counts.
 *
 * @throws SegError `unknown-option` with the nearest name.
 */
export function findMethod(name: string, { methods = [] }: Registry = {}): MethodModule {
  const all = new Map([...builtInMethods, ...methods].map((module) => [module.name, module]));
  return all.get(checkOption('findMethod', 'method', name, [...all.keys()]))!;
}

/**
 * Makes the method of a run.
 *
 * @throws SegError for an unknown name, kind of network or option, and for values that cannot be.
 */
export async function createMethod(name: string, settings: MethodSettings, registry: Registry = {}): Promise<Method> {
  const module = findMethod(name, registry);
  const { plan, record = () => {} } = settings;
  return module.create({
    plan,
    options: readOptions(`method ${name}`, 'methodOptions', settings.options, module.options),
    network: (changes) => {
      const config = { ...plan.network, ...changes };
      return networkKind(config.kind, registry.networks).create(config);
    },
    record,
  });
}
