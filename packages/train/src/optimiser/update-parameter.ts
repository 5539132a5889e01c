import { checkOption, SegError } from '@seg/core';
import { applyAdam, applySgd } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { OptimiserConfig } from './optimiser-config.ts';

/** What an optimiser remembers of one parameter. */
export interface ParameterMemory {
  /** Updates that the parameter has had. */
  readonly steps: number;
  /** `velocity` (SGD) or `first` and `second` (Adam), shaped as the parameter. */
  readonly slots: Readonly<Record<string, tf.Tensor>>;
}

/** The memory of a parameter that has had no update. */
export function emptyMemory(config: OptimiserConfig, param: tf.Tensor): ParameterMemory {
  const names = config.kind === 'sgd' ? ['velocity'] : ['first', 'second'];
  return { steps: 0, slots: Object.fromEntries(names.map((name) => [name, tf.keep(tf.zeros(param.shape))])) };
}

/**
 * One update of one parameter; takes over `param` and `memory` and returns their successors.
 *
 * `learningRate` and `gradScale` are this step's (schedule and clipping applied).
 */
export function updateParameter(
  config: OptimiserConfig,
  param: tf.Tensor,
  memory: ParameterMemory,
  gradient: tf.Tensor,
  { learningRate, gradScale }: { readonly learningRate: number; readonly gradScale: number },
): { readonly param: tf.Tensor; readonly memory: ParameterMemory } {
  const steps = memory.steps + 1;
  const { weightDecay = 0 } = config;
  if (config.kind === 'sgd') {
    const { momentum = 0.9, nesterov = true } = config;
    const next = applySgd({ param, velocity: memory.slots.velocity! }, gradient, {
      learningRate,
      momentum,
      nesterov,
      weightDecay,
      gradScale,
    });
    return { param: next.param, memory: { steps, slots: { velocity: next.velocity } } };
  }
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decoupled = true } = config;
  const next = applyAdam({ param, first: memory.slots.first!, second: memory.slots.second! }, gradient, {
    learningRate,
    step: steps,
    beta1,
    beta2,
    epsilon,
    weightDecay,
    decoupled,
    gradScale,
  });
  return { param: next.param, memory: { steps, slots: { first: next.first, second: next.second } } };
}

/** Refuses an optimiser's settings that make no sense, naming the place. */
export function checkOptimiser(where: string, config: OptimiserConfig): void {
  checkOption(where, 'optimiser', config.kind, ['sgd', 'adam']);
  const limits: Readonly<Record<string, readonly [number, number]>> = {
    learningRate: [0, Number.MAX_VALUE],
    weightDecay: [0, Number.MAX_VALUE],
    momentum: [0, 1],
    beta1: [0, 1],
    beta2: [0, 1],
    epsilon: [0, 1],
  };
  const values = config as unknown as Readonly<Record<string, unknown>>;
  for (const [name, [low, high]] of Object.entries(limits)) {
    const value = values[name];
    if (value === undefined && name !== 'learningRate') continue;
    if (typeof value === 'number' && value >= low && value <= high) continue;
    throw new SegError('invalid-argument', {
      where,
      problem: `${name} is out of range`,
      got: value,
      expected: high === Number.MAX_VALUE ? 'a number that is not negative' : `a number in [${low}, ${high}]`,
    });
  }
}
