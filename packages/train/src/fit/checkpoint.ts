import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonValue } from '../json.ts';
import { disposeState, type TrainingState } from './training-state.ts';
import type { BestValidation } from './validation-score.ts';

/** A tensor outside of the backend. */
export interface StoredTensor {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** What a checkpoint says besides its tensors. */
export interface CheckpointMeta {
  readonly schemaVersion: 1;
  readonly method: string;
  /** `full` can be resumed; `weights` holds what inference needs. */
  readonly contents: 'full' | 'weights';
  readonly seed: number;
  readonly step: number;
  readonly phase: number;
  readonly elapsedMs: number;
  readonly state: JsonValue;
  readonly best: BestValidation | null;
  /** Where it is true, the training was stopped in a validation, which comes first when it goes on. */
  readonly validationDue?: true;
  /** Updates of each parameter, by "group/name"; they count Adam's bias correction. */
  readonly updates: Readonly<Record<string, number>>;
}

/**
 * A training at one moment. Tensors are named `group/<group>/<name>`, `ema/<group>/<name>` and
 * `optimiser/<group>/<slot>/<name>`.
 */
export interface Checkpoint {
  readonly meta: CheckpointMeta;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

export type CheckpointName = 'last' | 'best';

/** Where checkpoints are kept. */
export interface CheckpointStore {
  /** Must leave the previous checkpoint of that name intact when it fails. */
  save(name: CheckpointName, checkpoint: Checkpoint): Promise<void>;
  /** The newest intact checkpoint of that name, or undefined where there never was one. */
  load(name: CheckpointName): Promise<Checkpoint | undefined>;
}

/** A store that keeps checkpoints in memory, for browsers and tests. */
export function memoryCheckpointStore(): CheckpointStore {
  const kept = new Map<CheckpointName, Checkpoint>();
  return {
    save: async (name, checkpoint) => void kept.set(name, checkpoint),
    load: async (name) => kept.get(name),
  };
}

/** Reads a state out of the backend. */
export async function captureState(
  state: TrainingState,
  info: { readonly method: string; readonly seed: number; readonly contents: 'full' | 'weights' },
): Promise<Checkpoint> {
  const named: [string, tf.Tensor][] = [];
  const updates: Record<string, number> = {};
  for (const [group, params] of Object.entries(state.groups)) {
    for (const [name, tensor] of Object.entries(params)) named.push([`group/${group}/${name}`, tensor]);
  }
  for (const [group, params] of Object.entries(state.ema ?? {})) {
    for (const [name, tensor] of Object.entries(params)) named.push([`ema/${group}/${name}`, tensor]);
  }
  if (info.contents === 'full') {
    for (const [group, params] of Object.entries(state.memory)) {
      for (const [name, { steps, slots }] of Object.entries(params)) {
        updates[`${group}/${name}`] = steps;
        for (const [slot, tensor] of Object.entries(slots)) named.push([`optimiser/${group}/${slot}/${name}`, tensor]);
      }
    }
  }
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, tensor] of named) {
    // Copied, because a backend may return its own memory, which later steps write to.
    const data = (await tensor.data()).slice() as Float32Array | Int32Array;
    tensors[name] = { data, shape: tensor.shape };
  }
  const { step, phase, elapsedMs, best, method, validationDue } = state;
  const due = validationDue ? { validationDue } : {};
  return {
    meta: { schemaVersion: 1, ...info, step, phase, elapsedMs, state: method, best, ...due, updates },
    tensors,
  };
}

/**
 * Puts a full checkpoint into a fresh state of the same method, whose tensors it replaces.
 *
 * @throws SegError `corrupt-data` when names or shapes do not fit the method.
 */
export function restoreState(state: TrainingState, { meta, tensors }: Checkpoint): void {
  const expected = new Set<string>();
  const take = (key: string, shape: readonly number[]): tf.Tensor => {
    expected.add(key);
    const stored = tensors[key];
    if (stored === undefined || stored.shape.join() !== shape.join()) {
      throw new SegError('corrupt-data', {
        where: 'restoreState',
        problem: `the checkpoint does not fit the method ${meta.method}: tensor ${key}`,
        got: stored?.shape ?? 'none',
        expected: shape,
        hint: 'Resume with the configuration, the cases and the version that the run began with.',
      });
    }
    return tf.keep(tf.tensor(stored.data, [...shape]));
  };
  for (const [prefix, groups] of [
    ['group', state.groups],
    ['ema', state.ema ?? {}],
  ] as const) {
    for (const [group, params] of Object.entries(groups)) {
      for (const [name, old] of Object.entries(params)) {
        params[name] = take(`${prefix}/${group}/${name}`, old.shape);
        old.dispose();
      }
    }
  }
  for (const [key, steps] of Object.entries(meta.updates)) {
    const group = key.slice(0, key.indexOf('/'));
    const name = key.slice(group.length + 1);
    const param = state.groups[group]?.[name];
    const slotNames = ['velocity', 'first', 'second'].filter((s) => `optimiser/${group}/${s}/${name}` in tensors);
    const slots = slotNames.map((s) => [s, take(`optimiser/${group}/${s}/${name}`, param?.shape ?? [])] as const);
    (state.memory[group] ??= {})[name] = { steps, slots: Object.fromEntries(slots) };
  }
  const left = Object.keys(tensors).filter((key) => !expected.has(key));
  if (left.length > 0) {
    disposeState(state);
    throw new SegError('corrupt-data', {
      where: 'restoreState',
      problem: `the checkpoint has tensors that the method ${meta.method} does not know`,
      got: left.slice(0, 5),
      hint: 'Resume with the configuration, the cases and the version that the run began with.',
    });
  }
  state.step = meta.step;
  state.phase = meta.phase;
  state.elapsedMs = meta.elapsedMs;
  state.method = meta.state;
  state.best = meta.best;
  state.validationDue = meta.validationDue === true;
}
