import { type Params, Rng, SegError } from '@seg/core';
import { globalNorm } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonValue } from '../json.ts';
import type { Batch } from '../method/batch.ts';
import type { Groups, Method, StepContext, Update } from '../method/method.ts';
import { scheduleFactor } from '../optimiser/schedule.ts';
import { emptyMemory, updateParameter } from '../optimiser/update-parameter.ts';
import type { PhasePlan, Position } from './phase-plan.ts';
import { disposeMemory, type TrainingState } from './training-state.ts';

/** The numbers of one step. */
export interface StepNumbers {
  readonly metrics: Readonly<Record<string, number>>;
  /** By group, this step's. */
  readonly learningRate: Readonly<Record<string, number>>;
  /** By group, before clipping. */
  readonly gradientNorm: Readonly<Record<string, number>>;
}

export interface StepSurroundings {
  readonly method: Method;
  readonly plan: PhasePlan;
  readonly seed: number;
  /** Decay of the slow copies. */
  readonly ema: number | undefined;
}

/**
 * One training step: all turns of the method, their updates, then averages and slow copies.
 *
 * @throws SegError `numerical-failure` when a metric or a gradient is not finite; the state then still has finite
 * weights of an earlier step.
 */
export async function runStep(
  state: TrainingState,
  batch: Readonly<Record<string, Batch>>,
  position: Position,
  { method, plan, seed, ema }: StepSurroundings,
): Promise<StepNumbers> {
  enterPhase(state, plan, position.phase);
  const metrics: Record<string, number> = {};
  const learningRate: Record<string, number> = {};
  const gradientNorm: Record<string, number> = {};
  const random = Rng.fromSeed(seed).fork('step').fork(state.step);
  for (let turn = 0; turn < (method.turns ?? 1); turn++) {
    const context: StepContext = {
      params: state.groups,
      trainable: trainableGroups(state, plan, position.phase),
      batch,
      state: state.method,
      rng: random.fork(turn),
      step: state.step,
      progress: position.progress,
      phase: plan.phases[position.phase]!.name,
      phaseProgress: position.phaseProgress,
      turn,
    };
    const update = computeUpdate(method, context);
    let next: JsonValue | undefined;
    try {
      const numbers = await readMetrics(method, state.step, update.metrics ?? {});
      Object.assign(metrics, numbers);
      next = update.nextState === undefined ? update.state : update.nextState(numbers);
      for (const [group, gradients] of Object.entries(update.gradients ?? {})) {
        if (gradients === undefined) continue;
        const rate = scheduleFactor(plan.schedule(position.phase, group), position.phaseProgress);
        const config = plan.optimiser(position.phase, group);
        if (config === undefined) throw unknownName(method, `group "${group}" has gradients but no optimiser`, group);
        learningRate[group] = config.learningRate * rate;
        gradientNorm[group] = await applyGradients(state, group, gradients, {
          method,
          plan,
          phase: position.phase,
          learningRate: learningRate[group],
        });
      }
      assign(state, method, update.assign ?? {});
    } finally {
      tf.dispose([update.gradients, update.metrics] as unknown as tf.TensorContainer);
    }
    if (next !== undefined) state.method = next;
  }
  state.step++;
  for (const [target, average] of Object.entries(method.averages ?? {})) {
    const { of: source, decay } = average!;
    follow(state.groups[target]!, state.groups[source]!, typeof decay === 'number' ? decay : decay(state.step));
  }
  if (state.ema !== undefined && ema !== undefined) {
    // Rises with the steps, so that the first weights, far from trained, are soon forgotten.
    const decay = Math.min(ema, (1 + state.step) / (10 + state.step));
    for (const [group, slow] of Object.entries(state.ema)) follow(slow, state.groups[group]!, decay);
  }
  return { metrics, learningRate, gradientNorm };
}

function enterPhase(state: TrainingState, plan: PhasePlan, phase: number): void {
  for (let next = Math.max(0, state.phase + 1); next <= phase; next++) {
    for (const [group, memory] of Object.entries(state.memory)) {
      if (plan.resets(next, group)) disposeMemory(memory);
    }
  }
  state.phase = phase;
}

function trainableGroups({ groups }: TrainingState, plan: PhasePlan, phase: number): Groups {
  const chosen: Record<string, Params> = {};
  for (const [group, params] of Object.entries(groups)) {
    const kept = Object.entries(params).filter(([name]) => plan.isTrainable(phase, group, name));
    if (kept.length > 0) chosen[group] = Object.fromEntries(kept);
  }
  return chosen;
}

function computeUpdate(method: Method, context: StepContext): Update {
  let update: Update = {};
  tf.tidy(() => {
    update = method.step(context);
    return [update.gradients, update.assign, update.metrics] as unknown as tf.TensorContainer;
  });
  return update;
}

async function readMetrics(
  method: Method,
  step: number,
  values: NonNullable<Update['metrics']>,
): Promise<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(values)) {
    const number = typeof value === 'number' ? value : (await value.data())[0]!;
    if (!Number.isFinite(number)) throw notFinite(method, step, `the metric "${name}"`, number);
    numbers[name] = number;
  }
  return numbers;
}

async function applyGradients(
  state: TrainingState,
  group: string,
  gradients: Params,
  options: { readonly method: Method; readonly plan: PhasePlan; readonly phase: number; readonly learningRate: number },
): Promise<number> {
  const { method, plan, phase, learningRate } = options;
  const params = state.groups[group];
  if (params === undefined) throw unknownName(method, 'gradients of an unknown group', group);
  const entries = Object.entries(gradients).filter(([name]) => plan.isTrainable(phase, group, name));
  const normTensor = globalNorm(entries.map(([, gradient]) => gradient));
  const norm = (await normTensor.data())[0]!;
  normTensor.dispose();
  if (!Number.isFinite(norm)) throw notFinite(method, state.step, `the gradient of group "${group}"`, norm);
  const { clipNorm } = method.groups[group]!;
  // As torch.nn.utils.clip_grad_norm_.
  const gradScale = clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
  const memory = (state.memory[group] ??= {});
  const config = plan.optimiser(phase, group)!;
  for (const [name, gradient] of entries) {
    const param = params[name];
    if (param === undefined) throw unknownName(method, `gradient of an unknown parameter of group "${group}"`, name);
    const known = memory[name] ?? emptyMemory(config, param);
    const next = updateParameter(config, param, known, gradient, { learningRate, gradScale });
    params[name] = next.param;
    memory[name] = next.memory;
  }
  return norm;
}

function assign(state: TrainingState, method: Method, values: NonNullable<Update['assign']>): void {
  for (const [group, tensors] of Object.entries(values)) {
    for (const [name, tensor] of Object.entries(tensors ?? {})) {
      const old = state.groups[group]?.[name];
      if (old === undefined) throw unknownName(method, 'assignment to an unknown tensor', `${group}/${name}`);
      if (old.shape.join() !== tensor.shape.join()) {
        throw new SegError('shape-mismatch', {
          where: `method ${method.name}`,
          problem: `assignment to ${group}/${name} changes its shape`,
          got: tensor.shape,
          expected: old.shape,
        });
      }
      state.groups[group]![name] = tf.keep(tensor);
      if (old !== tensor) old.dispose();
    }
  }
}

function follow(target: Record<string, tf.Tensor>, source: Params, decay: number): void {
  for (const [name, old] of Object.entries(target)) {
    const next = tf.tidy(() => tf.add(tf.mul(old, decay), tf.mul(source[name]!, 1 - decay)));
    target[name] = tf.keep(next);
    old.dispose();
  }
}

function notFinite(method: Method, step: number, what: string, got: number): SegError {
  return new SegError('numerical-failure', {
    where: `method ${method.name}`,
    problem: `${what} is not finite in step ${step + 1}`,
    got,
    expected: 'a finite number',
    hint: 'Lower the learning rate, clip the gradient, or check the images for NaN with `seg verify`.',
  });
}

function unknownName(method: Method, problem: string, got: string): SegError {
  return new SegError('invalid-argument', {
    where: `method ${method.name}`,
    problem,
    got,
    expected: `one of the groups ${Object.keys(method.groups).join(', ')} and their parameters`,
  });
}
