import { type Params, Rng, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonValue } from '../json.ts';
import type { Groups, Method } from '../method/method.ts';
import type { ParameterMemory } from '../optimiser/update-parameter.ts';
import type { BestValidation } from './validation-score.ts';

/** Everything that changes while a method trains; `fit` saves all of it. */
export interface TrainingState {
  /** Tensors by group and name. */
  readonly groups: Record<string, Record<string, tf.Tensor>>;
  /** Slow copies of the trained groups for validation and inference; absent without `ema`. */
  readonly ema: Record<string, Record<string, tf.Tensor>> | undefined;
  /** Optimiser memory by group and name; a parameter that has had no update has none. */
  readonly memory: Record<string, Record<string, ParameterMemory>>;
  step: number;
  /** Index of the phase that the last step belonged to; -1 before the first. */
  phase: number;
  /** Milliseconds spent training, over all sessions of the run. */
  elapsedMs: number;
  method: JsonValue;
  best: BestValidation | null;
  /** A validation was due after the last step and has not been finished. */
  validationDue: boolean;
}

/** The state before the first step. Groups start in the order of the method; `copyOf` may name any of them. */
export function createState(
  method: Method,
  caseIds: readonly string[],
  options: { readonly seed: number; readonly ema: boolean },
): TrainingState {
  const rng = Rng.fromSeed(options.seed).fork('init');
  const groups: Record<string, Record<string, tf.Tensor>> = {};
  const copies: [string, string][] = [];
  for (const [name, { init }] of Object.entries(method.groups)) {
    if (name.includes('/')) {
      throw new SegError('invalid-argument', {
        where: `method ${method.name}`,
        problem: 'names of groups must not contain "/"',
        got: name,
      });
    }
    if (typeof init === 'function') groups[name] = keepAll(init(rng.fork(name), caseIds));
    else copies.push([name, init.copyOf]);
  }
  for (const [name, source] of copies) {
    if (groups[source] === undefined) {
      throw new SegError('invalid-argument', {
        where: `method ${method.name}`,
        problem: `group ${name} copies a group that is not initialised`,
        got: source,
        expected: Object.keys(groups),
      });
    }
    groups[name] = copyAll(groups[source]);
  }
  const trained = Object.keys(groups).filter((name) => method.groups[name]!.optimiser !== undefined);
  return {
    groups,
    ema: options.ema ? Object.fromEntries(trained.map((name) => [name, copyAll(groups[name]!)])) : undefined,
    memory: {},
    step: 0,
    phase: -1,
    elapsedMs: 0,
    method: method.initialState?.(caseIds) ?? null,
    best: null,
    validationDue: false,
  };
}

/** The parameters that validation and inference use: slow copies where there are any. */
export function evaluationGroups({ groups, ema }: TrainingState): Groups {
  return { ...groups, ...ema };
}

/** Disposes all tensors of a state. */
export function disposeState({ groups, ema, memory }: TrainingState): void {
  tf.dispose([groups, ema ?? {}] as unknown as tf.TensorContainer);
  for (const group of Object.values(memory)) disposeMemory(group);
}

/** Disposes and forgets the optimiser memory of one group. */
export function disposeMemory(memory: Record<string, ParameterMemory>): void {
  for (const [name, { slots }] of Object.entries(memory)) {
    for (const slot of Object.values(slots)) slot.dispose();
    delete memory[name];
  }
}

function keepAll(params: Params): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, tf.keep(tensor)]));
}

/** Copies with memory of their own, so that in-place updates of the source do not reach them. */
function copyAll(params: Params): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(params).map(([name, tensor]) => [name, tf.keep(tf.tidy(() => tf.add(tensor, 0)))]),
  );
}
