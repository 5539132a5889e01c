import { join, resolve } from 'node:path';
import { type Params, SegError } from '@seg/core';
import type { PatchPredictor } from '@seg/inference';
import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointName } from '../fit/checkpoint.ts';
import type { Groups, Method } from '../method/method.ts';
import type { TrainingPlan } from '../plan/training-plan.ts';
import { createMethod, type Registry } from '../run/method-registry.ts';
import type { VolumeSegmenter } from '../run/predict-volume.ts';
import { checkpointFiles } from './checkpoint-files.ts';
import { type RunConfig, readRunConfig } from './run-config.ts';

/** A trained run, ready for predictions with `predictVolume`. */
export interface LoadedRun extends VolumeSegmenter {
  readonly config: RunConfig;
  readonly plan: TrainingPlan;
  readonly method: Method;
  /** The parameters, slow copies in place of trained groups where the run has them. */
  readonly params: Groups;
  readonly predictor: PatchPredictor;
  /** Of the checkpoint. */
  readonly step: number;
  /** Disposes the parameters. */
  dispose(): void;
}

export interface LoadRunOptions extends Registry {
  /** Default: the best one, or the last where none was validated. */
  readonly checkpoint?: CheckpointName;
  readonly onWarning?: (message: string) => void;
}

/**
 * Loads a run's method and weights into the running backend.
 *
 * @throws SegError `not-found` for a folder that is no run or has no checkpoint yet, `corrupt-data`.
 */
export async function loadRun(run: string, options: LoadRunOptions = {}): Promise<LoadedRun> {
  const folder = resolve(run);
  const config = await readRunConfig(folder);
  const { onWarning, checkpoint: wanted } = options;
  const store = checkpointFiles(join(folder, 'checkpoints'), onWarning === undefined ? {} : { onWarning });
  const checkpoint =
    wanted === undefined ? ((await store.load('best')) ?? (await store.load('last'))) : await store.load(wanted);
  if (checkpoint === undefined) {
    throw new SegError('not-found', {
      where: join(folder, 'checkpoints'),
      problem: wanted === undefined ? 'the run has no checkpoint yet' : `the run has no ${wanted} checkpoint`,
      hint: 'Continue the training with `seg train --resume`.',
    });
  }
  const { plan } = config;
  const method = await createMethod(config.method, { plan, options: config.methodOptions }, options);
  const params = evaluationParams(method, checkpoint.tensors);
  return {
    config,
    plan,
    method,
    params,
    predictor: method.predictor(params),
    labelValues: config.data.labels.map(({ value }) => value),
    step: checkpoint.meta.step,
    dispose: () => tf.dispose(params as unknown as tf.TensorContainer),
  };
}

function evaluationParams(
  method: Method,
  tensors: Readonly<Record<string, { readonly data: Float32Array | Int32Array; readonly shape: readonly number[] }>>,
): Groups {
  const params: Record<string, Record<string, tf.Tensor>> = {};
  for (const group of Object.keys(method.groups)) params[group] = {};
  for (const [key, { data, shape }] of Object.entries(tensors)) {
    const [kind, group, ...rest] = key.split('/');
    const isSlow = kind === 'ema';
    if (!isSlow && (kind !== 'group' || `ema/${group}/${rest.join('/')}` in tensors)) continue;
    const target: Record<string, tf.Tensor> = (params[group!] ??= {});
    target[rest.join('/')] = tf.keep(tf.tensor(data, [...shape]));
  }
  return params as Readonly<Record<string, Params>>;
}
