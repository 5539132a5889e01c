import type { Params, Rng } from '@seg/core';
import type { PatchPredictor } from '@seg/inference';
import type * as tf from '@tensorflow/tfjs-core';
import type { ValidationMetrics } from '../fit/validation-score.ts';
import type { JsonValue } from '../json.ts';
import type { OptimiserConfig } from '../optimiser/optimiser-config.ts';
import type { Schedule } from '../optimiser/schedule.ts';
import type { Batch } from './batch.ts';
import type { StreamSpec } from './stream.ts';

/** Parameter maps by group: `params.student['encoder.0.conv1.kernel']`. */
export type Groups<G extends string = string> = Readonly<Record<G, Params>>;

/** Some parameters of some groups, such as the gradients of one step. */
export type PartialGroups<G extends string = string> = Readonly<Partial<Record<G, Params>>>;

/** Makes a group's tensors, which `fit` owns and disposes; `caseIds` are those of all training cases, sorted. */
export type GroupInit = (rng: Rng, caseIds: readonly string[]) => Params;

/** Named tensors that start, train and are saved together. */
export interface ParamGroup<G extends string = string> {
  /** New tensors, or the name of the group whose values it begins with (teachers). */
  readonly init: GroupInit | { readonly copyOf: NoInfer<G> };
  /** How the group is trained; without one only `assign` and `averages` change it (teachers, running statistics). */
  readonly optimiser?: OptimiserConfig;
  /** Learning rate over the phase; default poly with exponent 0.9. */
  readonly schedule?: Schedule;
  /** Gradients of this group are scaled down to this global L2 norm; default: not clipped. */
  readonly clipNorm?: number;
}

/** A stretch of the training with its own loss, trainable subset or schedule. */
export interface Phase<G extends string = string> {
  readonly name: string;
  /** Part of the budget, relative to the other phases' shares. */
  readonly share: number;
  /** Whether a parameter is trained in this phase; default: every one whose group has an optimiser. */
  trainable?(group: G, name: string): boolean;
  /** Optimisers that replace the groups' own during the phase. */
  readonly optimisers?: Readonly<Partial<Record<G, OptimiserConfig>>>;
  /** Schedules that replace the groups' own during the phase. */
  readonly schedules?: Readonly<Partial<Record<G, Schedule>>>;
  /** Forget moments and step counters when the phase begins; default false. A replaced optimiser always starts anew. */
  readonly resetOptimisers?: boolean;
}

/** A group that follows another: after every step target = decay * target + (1 - decay) * source. */
export interface Average<G extends string = string> {
  readonly of: G;
  /** A number in [0, 1), or a function of the number of finished steps (1 after the first). */
  readonly decay: number | ((steps: number) => number);
}

/** What one step sees. All tensors belong to `fit`; the step runs inside a tidy. */
export interface StepContext<G extends string = string, S extends string = string, State = JsonValue> {
  /** Every group, trained or not. */
  readonly params: Groups<G>;
  /** The parameters that this phase trains: what `lossGradients` should differentiate by. */
  readonly trainable: Groups<G>;
  /** One batch for each stream. */
  readonly batch: Readonly<Record<S, Batch>>;
  /** The method's own JSON state, as the last step returned it. */
  readonly state: State;
  /** A stream of random numbers of its own for each (seed, step, turn). */
  readonly rng: Rng;
  /** Finished steps since the start of the training. */
  readonly step: number;
  /** Position in the whole budget, in [0, 1). */
  readonly progress: number;
  readonly phase: string;
  /** Position in the phase, in [0, 1). */
  readonly phaseProgress: number;
  /** Which of the method's turns this is, from 0. */
  readonly turn: number;
}

/** What a step asks for. Every tensor in it must be new (made by the step). */
export interface Update<G extends string = string, State = JsonValue> {
  /** Gradients; parameters without one are left alone, optimiser state included. */
  readonly gradients?: PartialGroups<G>;
  /** New values of tensors that no optimiser trains, such as running statistics. */
  readonly assign?: PartialGroups<G>;
  /** Numbers to log, as numbers or scalar tensors; the training stops with an error when one is not finite. */
  readonly metrics?: Readonly<Record<string, tf.Tensor | number>>;
  /** The method's next JSON state; default: unchanged. */
  readonly state?: State;
  /**
   * In place of `state`, where it depends on this step's metrics: a step that read a tensor itself would wait for the
   * device, which webgpu does not allow at all.
   */
  readonly nextState?: (metrics: Readonly<Record<string, number>>) => State;
}

/**
 * A training method: data, and one pure step that says how a batch and a state become gradients and what to update.
 *
 * `fit` owns everything else: sampling, augmentation, optimisers, schedules, clipping, averages, validation,
 * checkpoints, logs, cancellation and resuming. All that a method remembers is in its groups' tensors and its JSON
 * state, so every method can be resumed exactly.
 */
export interface Method<G extends string = string, S extends string = string, State = JsonValue> {
  readonly name: string;
  readonly groups: Readonly<Record<G, ParamGroup<G>>>;
  readonly streams: Readonly<Record<S, StreamSpec>>;
  /** Default: one phase over the whole budget. */
  readonly phases?: readonly Phase<NoInfer<G>>[];
  readonly averages?: Readonly<Partial<Record<NoInfer<G>, Average<NoInfer<G>>>>>;
  /** The JSON state before the first step; default null. */
  initialState?(caseIds: readonly string[]): State;
  /** Updates per step on the same batch, each applied before the next turn is computed; default 1. */
  readonly turns?: number;
  step(context: StepContext<G, S, State>): Update<G, State>;
  /** What validation and inference use; `params` may hold averages in place of the trained weights. */
  predictor(params: Groups<G>): PatchPredictor;
  /**
   * Replaces validation by Dice: named numbers, of which `score` (higher is better) chooses the best checkpoint. What
   * there is nothing to tell of is null: see `isBest`.
   */
  validate?(context: ValidationContext<G, State>): Promise<ValidationMetrics>;
  /**
   * Called after every epoch, which is as many samples of the first stream as cases take part in it, and after the last
   * step of a finished training, for what a method records on the way. `params` are the trained weights, never averages.
   */
  afterEpoch?(context: EpochContext<G, State>): Promise<void>;
}

export interface EpochContext<G extends string = string, State = JsonValue> {
  readonly params: Groups<G>;
  readonly state: State;
  readonly step: number;
}

export interface ValidationContext<G extends string = string, State = JsonValue> {
  readonly params: Groups<G>;
  readonly state: State;
  readonly rng: Rng;
  readonly step: number;
}

/** Returns the method as it is; the call lets TypeScript infer the names of its groups and streams. */
export function defineMethod<G extends string, S extends string, State = null>(
  method: Method<G, S, State>,
): Method<G, S, State> {
  return method;
}
