import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SegError } from '@seg/core';
import { describeFinding, imageNaming, splitDataset } from '@seg/io';
import { type OpenDatasetOptions, openDataset, requireWritableFolder } from '@seg/io/node';
import * as tf from '@tensorflow/tfjs-core';
import { StreamSampler } from '../data/sampler.ts';
import type { TrainingCase } from '../data/training-case.ts';
import type { Checkpoint, CheckpointMeta, CheckpointStore } from '../fit/checkpoint.ts';
import { type FitResult, fit } from '../fit/fit.ts';
import type { LogRecord, Progress } from '../fit/log.ts';
import type { Budget } from '../fit/phase-plan.ts';
import { disposeState } from '../fit/training-state.ts';
import type { BestValidation } from '../fit/validation-score.ts';
import type { JsonValue } from '../json.ts';
import { DEFAULT_SPEED, defaultPlan, type MachineCapacity } from '../plan/default-plan.ts';
import { networkKind } from '../plan/network-kinds.ts';
import type { TrainingPlan } from '../plan/training-plan.ts';
import { measureTrainingSpeed } from '../run/measure-speed.ts';
import { createMethod, findMethod, type Registry } from '../run/method-registry.ts';
import { checkpointFiles } from './checkpoint-files.ts';
import { CaseLoader } from './load-cases.ts';
import { changeConfig, compareCases, openRunData } from './resume-changes.ts';
import { type RunConfig, readRunConfig, writeRunConfig } from './run-config.ts';
import { RunLog } from './run-log.ts';
import { affordableSteps, continuedSteps, type RunPlan } from './run-plan.ts';
import { workerLoader } from './worker-loader.ts';

/** What can be watched of a run. */
export interface RunObservers extends Registry {
  readonly signal?: AbortSignal;
  /** Told the plan once, before the images are prepared. */
  readonly onPlan?: (plan: RunPlan) => void;
  /** Cases read so far, before the training. */
  readonly onPrepare?: (done: number, total: number, what: 'measuring' | 'preparing') => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly onLog?: (record: LogRecord) => void;
  /** Sentences about what was passed over, such as a damaged checkpoint. */
  readonly onWarning?: (message: string) => void;
  /** Threads that make samples; default 1. They change the speed alone. */
  readonly workers?: number;
}

export interface TrainRunOptions extends RunObservers {
  /** Folder of a data set. */
  readonly data: string;
  /** How the folder is read; recorded in the run. Default: told from what it holds. */
  readonly dataset?: Pick<OpenDatasetOptions, 'layout' | 'allowLinksOutside'>;
  /** Folder of the run; made where it does not exist, refused where it already has a run. */
  readonly out: string;
  /** Default 'supervised'. */
  readonly method?: string;
  /** Default null. */
  readonly methodOptions?: JsonValue;
  /** Kind of network; default 'unet3d'. */
  readonly network?: string;
  /** Default 0. */
  readonly seed?: number;
  /** Steps or minutes. Minutes count from the call, loading included. Default 12 minutes. */
  readonly budget?: Budget;
  /** Steps between checkpoints; default a tenth of the budget. */
  readonly checkpointEvery?: number;
  /** Part of the patients that is kept for validation, where the data set names none; default 0.1. */
  readonly validationFraction?: number;
  /** Of the running backend (`capacity` of what `startBackend` returns), for the size of patches; default: two cores. */
  readonly capacity?: Required<MachineCapacity>;
  /** Changes the plan that was chosen for the data set. */
  readonly adjustPlan?: (plan: TrainingPlan) => TrainingPlan;
}

export interface RunResult {
  readonly run: string;
  readonly config: RunConfig;
  readonly stopped: FitResult['stopped'];
  readonly steps: number;
  /** Null without a validation; its `score` is null where nothing was defined. */
  readonly best: BestValidation | null;
  readonly validation: FitResult['validation'];
}

const DEFAULT_MINUTES = 12;

/**
 * Trains a method on a data set, with everything chosen for it, into a run folder: `config.json`, `metrics.jsonl`,
 * TensorBoard events and `checkpoints/`. The backend that is running is used; start one before.
 *
 * @throws SegError with the cure: unreadable data, a folder that already holds a run, a full disk, a diverging loss.
 */
export async function trainRun(options: TrainRunOptions): Promise<RunResult> {
  const { method = 'supervised', methodOptions = null, seed = 0, validationFraction = 0.1 } = options;
  const budget = options.budget ?? { minutes: DEFAULT_MINUTES };
  const startedAt = performance.now();
  const out = resolve(options.out);
  // Unknown names are refused before any work.
  const network = networkKind(options.network ?? 'unet3d', options.networks);
  findMethod(method, options);
  await refuseUsedFolder(out);
  const dataset = await openDataset(options.data, options.dataset);
  for (const finding of dataset.findings) options.onWarning?.(describeFinding(finding));
  const split = splitDataset(dataset, { seed, validationFraction });
  const training = [...split.train, ...split.unlabelled];
  const loader = new CaseLoader(dataset, observe(options));
  const fingerprint = await loader.fingerprint(split.train);
  // A time budget buys as many steps as the machine makes now; a step budget has the same plan on all machines whose
  // backend is of one kind and can hold it.
  const gflopPerSecond =
    'steps' in budget ? (options.capacity?.gflopPerSecond ?? DEFAULT_SPEED) : await measureTrainingSpeed();
  const chosen = defaultPlan(fingerprint, budget, { ...options.capacity, gflopPerSecond, network });
  const plan = options.adjustPlan?.(chosen) ?? chosen;
  // Bad options are refused before the long part.
  const { streams } = await createMethod(method, { plan, options: methodOptions }, options);
  const { name, root, layout, channels, labels, ignoreLabel } = dataset;
  options.onPlan?.({
    dataset: name,
    channels,
    classes: labels.map((label) => label.name),
    trainingCases: training.length,
    validationCases: split.validation.length,
    plan,
    budget,
    step: 0,
    expectedSteps:
      'steps' in budget
        ? budget.steps
        : affordableSteps(
            plan,
            budget.minutes - (performance.now() - startedAt) / 60_000,
            gflopPerSecond,
            options.networks,
          ),
  });
  const data = await loader.prepare(training, plan.preprocessing);
  const validation = await loader.prepare(split.validation, plan.preprocessing);
  // A stream without cases is refused before anything is written.
  const infos = data.map(({ info }) => info);
  for (const [stream, spec] of Object.entries(streams)) new StreamSampler(stream, spec, infos, seed, plan);
  const spentMinutes = (performance.now() - startedAt) / 60_000;
  const config: RunConfig = {
    schemaVersion: 1,
    method,
    methodOptions,
    seed,
    backend: tf.getBackend(),
    budget: 'steps' in budget ? budget : { minutes: Math.max(0.01, budget.minutes - spentMinutes) },
    ...(options.checkpointEvery === undefined ? {} : { checkpointEvery: options.checkpointEvery }),
    data: {
      root,
      layout,
      ...(options.dataset?.allowLinksOutside === true ? { allowLinksOutside: true } : {}),
      name,
      channels,
      labels,
      ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
      train: training.map(({ id }) => id),
      validation: split.validation.map(({ id }) => id),
      images: imageNaming(dataset),
      hashes: loader.hashes,
    },
    plan,
  };
  await mkdir(join(out, 'checkpoints'), { recursive: true });
  await writeRunConfig(out, config);
  return train(out, config, data, validation, options, { store: openStore(out, options) });
}

export interface ResumeRunOptions extends RunObservers {
  /** Folder where the run's data set is now; default: where it was. Its cases must be the same. */
  readonly data?: string;
  /** New total of the run, in steps, or in minutes of training over all its sessions; default: as it was. */
  readonly budget?: Budget;
}

/**
 * Continues an interrupted run to the end of its budget, or a run of any state to that of a new one.
 *
 * Without a new budget the weights come out as without the interruption. With one, schedule and phases are those of the
 * new total from the checkpoint on: learning rates that had fallen rise to where they stand in the longer training. The
 * plan (network, patch, spacing) stays. Changes are recorded in `config.json`.
 *
 * @throws SegError as `trainRun`; `not-found` where the data set is gone, `invalid-argument` where it is another one or
 * the new total is already done.
 */
export async function resumeRun(run: string, options: ResumeRunOptions = {}): Promise<RunResult> {
  const out = resolve(run);
  const before = await readRunConfig(out);
  const { data: moved, budget, onWarning } = options;
  await requireWritableFolder('resumeRun', out);
  const store = openStore(out, options);
  const known = await store.load('last');
  const reached = known?.meta ?? { step: 0, elapsedMs: 0 };
  // A total that is done is refused before any work.
  await announceResumed(changeConfig(before, { budget }, reached), known?.meta, options);
  const { dataset, ...cases } = await openRunData(out, before, moved);
  const loader = new CaseLoader(dataset, observe(options));
  const data = await loader.prepare(cases.train, before.plan.preprocessing);
  const validation = await loader.prepare(cases.validation, before.plan.preprocessing);
  const changed = compareCases(dataset, before, loader.hashes, moved !== undefined);
  if (changed !== undefined) onWarning?.(changed);
  const config = changeConfig(before, { budget, root: dataset.root }, reached);
  if (config !== before) await writeRunConfig(out, config);
  return train(out, config, data, validation, options, { store, known });
}

function openStore(out: string, { onWarning }: RunObservers): CheckpointStore {
  return checkpointFiles(join(out, 'checkpoints'), onWarning === undefined ? {} : { onWarning });
}

async function announceResumed(
  { data, plan, budget }: RunConfig,
  known: CheckpointMeta | undefined,
  { onPlan, networks }: RunObservers,
): Promise<void> {
  if (onPlan === undefined) return;
  const expected = async (minutes: number) =>
    known !== undefined && known.step > 0
      ? continuedSteps(minutes, known)
      : affordableSteps(plan, minutes, await measureTrainingSpeed(), networks);
  onPlan({
    dataset: data.name,
    channels: data.channels,
    classes: data.labels.map(({ name }) => name),
    trainingCases: data.train.length,
    validationCases: data.validation.length,
    plan,
    budget,
    step: known?.step ?? 0,
    expectedSteps: 'steps' in budget ? budget.steps : await expected(budget.minutes),
  });
}

async function train(
  out: string,
  config: RunConfig,
  data: readonly TrainingCase[],
  validation: readonly TrainingCase[],
  observers: RunObservers,
  checkpoints: { readonly store: CheckpointStore; readonly known?: Checkpoint | undefined },
): Promise<RunResult> {
  const { plan, seed, budget } = config;
  const { signal, onProgress, workers = 1 } = observers;
  const { store, known } = checkpoints;
  const log = new RunLog(out, {
    wallTime: () => Date.now() / 1000,
    ...(known === undefined ? {} : { resumedAt: known.meta.step }),
  });
  const record = (name: string, value: JsonValue) => log.writeRecord(name, value);
  const method = await createMethod(config.method, { plan, options: config.methodOptions, record }, observers);
  const result = await fit(method, {
    data,
    validation,
    budget,
    seed,
    patchSize: plan.patchSize,
    foregroundFraction: plan.foregroundFraction,
    loader: workerLoader(data, { augmentation: plan.augmentation, workers }),
    store,
    resume: known !== undefined,
    ...(plan.ema === null ? {} : { ema: plan.ema }),
    ...(config.checkpointEvery === undefined ? {} : { checkpointEvery: config.checkpointEvery }),
    onLog: (record) => {
      log.write(record);
      observers.onLog?.(record);
    },
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { state, stopped } = result;
  disposeState(state);
  return { run: out, config, stopped, steps: state.step, best: state.best, validation: result.validation };
}

function observe({ onPrepare, onWarning, signal }: RunObservers) {
  return {
    ...(onPrepare === undefined ? {} : { onProgress: onPrepare }),
    ...(onWarning === undefined ? {} : { onWarning }),
    ...(signal === undefined ? {} : { signal }),
  };
}

async function refuseUsedFolder(out: string): Promise<void> {
  await requireWritableFolder('trainRun', out);
  let files: string[];
  try {
    files = await readdir(out);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new SegError('io-failure', { where: out, problem: 'the folder of the run cannot be read', cause: error });
  }
  if (!files.includes('config.json') && !files.includes('checkpoints')) return;
  throw new SegError('invalid-argument', {
    where: out,
    problem: 'the folder already holds a run',
    hint: 'Continue it with `seg train --resume`, or choose another folder.',
  });
}
