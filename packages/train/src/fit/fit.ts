import type { AugmentationConfig } from '@seg/augment';
import { isSegError, nextTask, Rng, SegError, type Triple, voxelCount } from '@seg/core';
import { disposeBatch } from '../data/assemble-batch.ts';
import { inlineLoader, type SampleLoader } from '../data/sample-loader.ts';
import { StreamSampler } from '../data/sampler.ts';
import type { TrainingCase } from '../data/training-case.ts';
import type { Method } from '../method/method.ts';
import { BatchFeed } from './batch-feed.ts';
import { Cadence } from './cadence.ts';
import { type CheckpointStore, captureState, restoreState } from './checkpoint.ts';
import { type LogRecord, type Progress, RunningMeans } from './log.ts';
import { type Budget, PhasePlan } from './phase-plan.ts';
import { runStep } from './run-step.ts';
import { createState, disposeState, evaluationGroups, type TrainingState } from './training-state.ts';
import { validateDice, validationWindows } from './validate-dice.ts';
import { definedMetrics, isBest, type ValidationMetrics } from './validation-score.ts';

export interface FitOptions {
  readonly data: readonly TrainingCase[];
  /** Cases for validation; default none, then no best checkpoint is chosen. */
  readonly validation?: readonly TrainingCase[];
  readonly budget: Budget;
  /** Any safe integer; default 0. */
  readonly seed?: number;
  /** Size of the samples, (z, y, x), for streams that name none. */
  readonly patchSize: Triple;
  /** Part of each batch that is centred on foreground, for streams that name none; default 1/3. */
  readonly foregroundFraction?: number;
  /** Default none. Used by the default loader; a `loader` of your own has its own. */
  readonly augmentation?: AugmentationConfig;
  /** Where samples are made; default: on this thread. Closed at the end. */
  readonly loader?: SampleLoader;
  /** Steps that are asked for ahead of time; default 2. */
  readonly prefetch?: number;
  /** Validation and inference use weights averaged with this decay, such as 0.99; default: the weights themselves. */
  readonly ema?: number;
  /**
   * Steps between validations; default: ten in the whole budget, fewer where they would take more than 8 % of it. There
   * is always one of all cases at the end. A method's own `validate` counts as one step.
   */
  readonly validateEvery?: number;
  /**
   * Steps between saves of the last checkpoint; default as `validateEvery`, else ten in the whole budget, fewer where
   * they would take more than 2 % of the time. There is always one at the end.
   */
  readonly checkpointEvery?: number;
  /** Default: nothing is saved. */
  readonly store?: CheckpointStore;
  /** Continue from the store's last checkpoint, where there is one; default false. */
  readonly resume?: boolean;
  /** Steps between train records; default 10. */
  readonly logEvery?: number;
  readonly onLog?: (record: LogRecord) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Stops after the present step, or between two windows of a validation, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Milliseconds that never go back; default performance.now. A time budget is measured by it. */
  readonly clock?: () => number;
}

export interface FitResult {
  /** The final state; dispose it with `disposeState`. */
  readonly state: TrainingState;
  readonly stopped: 'finished' | 'aborted';
  /** The last validation's numbers. */
  readonly validation: ValidationMetrics | undefined;
}

/**
 * Trains any method: the loop of the library.
 *
 * With a step budget the result is a function of the data, the options and the seed alone: however often the training
 * is interrupted and resumed, and however many workers make the samples, weights come out bit for bit the same on the
 * wasm and cpu backends. With a time budget the schedule follows the elapsed part of the time, which every record and
 * checkpoint holds.
 *
 * @throws SegError `invalid-argument` for options without meaning, `numerical-failure` when the loss diverges, and what
 * the method, the loader and the store throw. On failure all tensors of the training are disposed.
 */
export async function fit<G extends string, S extends string, State>(
  typedMethod: Method<G, S, State>,
  options: FitOptions,
): Promise<FitResult> {
  const method = typedMethod as unknown as Method;
  const { data, validation = [], budget, seed = 0, ema, store, signal } = options;
  const { clock = () => performance.now(), logEvery = 10 } = options;
  checkOptions(options);
  const plan = new PhasePlan(method, budget);
  const infos = data.map(({ info }) => info);
  const samplers = Object.entries(method.streams).map(
    ([name, spec]) =>
      new StreamSampler(name, spec, infos, seed, {
        patchSize: options.patchSize,
        foregroundFraction: options.foregroundFraction ?? 1 / 3,
      }),
  );
  const caseIds = infos.map(({ id }) => id).sort();
  const loader = options.loader ?? inlineLoader(data, options.augmentation);
  const state = createState(method, caseIds, { seed, ema: ema !== undefined });
  try {
    if (options.resume === true) await resumeFrom(store, state, method, seed);
    const feed = new BatchFeed(samplers, loader, data, options.prefetch ?? 2);
    const means = new RunningMeans();
    const surroundings = { method, plan, seed, ema };
    const startedAt = clock() - state.elapsedMs;
    const firstStep = state.step;
    const firstElapsed = state.elapsedMs;
    let lastLog = { step: state.step, elapsedMs: state.elapsedMs };
    let validated: { readonly step: number; readonly metrics: ValidationMetrics } | undefined;
    let saved = options.resume === true ? state.step : -1;

    const { validateEvery, checkpointEvery } = options;
    const validationSteps = validationCost(method, samplers, validation, options.patchSize);
    const cadence = new Cadence({ budget, validateEvery, checkpointEvery, validationSteps });

    const validate = async () => {
      state.validationDue = true;
      const begin = clock();
      const metrics = definedMetrics(
        method.validate === undefined
          ? await validateDice(method.predictor(evaluationGroups(state)), validation, options.patchSize, signal)
          : await method.validate({
              params: evaluationGroups(state),
              state: state.method,
              rng: Rng.fromSeed(seed).fork('validation').fork(state.step),
              step: state.step,
            }),
      );
      const best = isBest(metrics.score, state.best);
      if (best) state.best = { step: state.step, score: metrics.score };
      state.validationDue = false;
      saved = -1; // what a checkpoint of this step says of it no longer holds
      validated = { step: state.step, metrics };
      state.elapsedMs = clock() - startedAt;
      options.onLog?.({ kind: 'validation', step: state.step, elapsedSeconds: state.elapsedMs / 1000, metrics, best });
      if (best)
        await store?.save('best', await captureState(state, { method: method.name, seed, contents: 'weights' }));
      cadence.validationTook(clock() - begin);
    };
    /** A validation that the signal stops is left for the training that goes on. */
    const validateUnlessAborted = () =>
      validate().catch((error: unknown) => {
        if (signal?.aborted !== true || !isSegError(error, 'aborted')) throw error;
        state.elapsedMs = clock() - startedAt;
      });
    const save = async () => {
      if (saved === state.step) return;
      const begin = clock();
      await store?.save('last', await captureState(state, { method: method.name, seed, contents: 'full' }));
      saved = state.step;
      cadence.saved(clock() - begin, clock());
    };
    const epochs = (steps: number) => samplers[0]?.epochs(steps) ?? 0;
    // The epoch of a last step whose validation was stopped has been recorded.
    let recorded = state.validationDue ? state.step : -1;
    const finishEpoch = async () => {
      await method.afterEpoch?.({ params: state.groups, state: state.method, step: state.step });
      recorded = state.step;
    };
    const canValidate = validation.length > 0 || method.validate !== undefined;

    if (canValidate && state.validationDue) await validateUnlessAborted();
    for (;;) {
      const position = plan.position(state.step, state.elapsedMs);
      if (position.progress >= 1 || signal?.aborted === true) break;
      const begin = clock();
      const batch = await feed.take(state.step);
      const numbers = await runStep(state, batch, position, surroundings).finally(() => {
        for (const part of Object.values(batch)) disposeBatch(part);
      });
      state.elapsedMs = clock() - startedAt;
      cadence.stepTook(clock() - begin);
      means.add(numbers.metrics);
      const phase = plan.phases[position.phase]!.name;
      if (state.step % logEvery === 0) {
        options.onLog?.({
          kind: 'train',
          step: state.step,
          progress: position.progress,
          elapsedSeconds: state.elapsedMs / 1000,
          phase,
          metrics: means.take(),
          learningRate: numbers.learningRate,
          gradientNorm: numbers.gradientNorm,
          secondsPerStep: (state.elapsedMs - lastLog.elapsedMs) / 1000 / (state.step - lastLog.step),
        });
        lastLog = { step: state.step, elapsedMs: state.elapsedMs };
      }
      const { progress } = plan.position(state.step, state.elapsedMs);
      const perStepMs = (state.elapsedMs - firstElapsed) / (state.step - firstStep);
      options.onProgress?.({
        step: state.step,
        progress,
        phase,
        metrics: numbers.metrics,
        elapsedSeconds: state.elapsedMs / 1000,
        ...estimateRest(budget, state, perStepMs),
      });
      if (epochs(state.step) > epochs(state.step - 1)) await finishEpoch();
      if (canValidate && cadence.isValidationDue(state.step, position.progress, progress)) {
        await validateUnlessAborted();
      }
      if (cadence.isCheckpointDue(state.step, position.progress, progress, clock())) await save();
      await nextTask();
    }
    const isComplete = plan.position(state.step, state.elapsedMs).progress >= 1;
    if (isComplete && recorded !== state.step) await finishEpoch();
    if (isComplete && canValidate && validated?.step !== state.step) await validateUnlessAborted();
    await save();
    const stopped = isComplete && !state.validationDue ? 'finished' : 'aborted';
    return { state, stopped, validation: validated?.metrics };
  } catch (error) {
    disposeState(state);
    throw error;
  } finally {
    await loader.close();
  }
}

/** Of a window, over its pass through the network: scores are read back and averaged, on one thread. */
const WINDOW_COST = 2;

/** Training steps that take about as long as a validation: a step computes forward, and backward at twice the price. */
function validationCost(
  method: Method,
  samplers: readonly StreamSampler[],
  validation: readonly TrainingCase[],
  patchSize: Triple,
): number {
  if (method.validate !== undefined) return 1;
  const voxels = samplers.reduce((sum, { spec }) => sum + spec.batchSize * voxelCount(spec.patchSize ?? patchSize), 0);
  const perStep = 3 * (method.turns ?? 1) * voxels;
  return (WINDOW_COST * validationWindows(validation, patchSize) * voxelCount(patchSize)) / perStep;
}

async function resumeFrom(
  store: CheckpointStore | undefined,
  state: TrainingState,
  method: Method,
  seed: number,
): Promise<void> {
  const checkpoint = await store?.load('last');
  if (checkpoint === undefined) return;
  const { meta } = checkpoint;
  if (meta.method !== method.name || meta.seed !== seed || meta.contents !== 'full') {
    throw new SegError('invalid-argument', {
      where: 'fit',
      problem: 'the checkpoint is of another training',
      got: { method: meta.method, seed: meta.seed, contents: meta.contents },
      expected: { method: method.name, seed, contents: 'full' },
      hint: 'Resume with the method and the seed that the run began with.',
    });
  }
  restoreState(state, checkpoint);
}

function estimateRest(budget: Budget, { step, elapsedMs }: TrainingState, perStepMs: number) {
  if ('steps' in budget) {
    return { totalSteps: budget.steps, remainingSeconds: ((budget.steps - step) * perStepMs) / 1000 };
  }
  const restMs = Math.max(0, budget.minutes * 60_000 - elapsedMs);
  return { totalSteps: step + Math.round(restMs / perStepMs), remainingSeconds: restMs / 1000 };
}

function checkOptions({
  data,
  patchSize,
  ema,
  logEvery,
  validateEvery,
  checkpointEvery,
  foregroundFraction,
}: FitOptions): void {
  const refuse = (problem: string, got: unknown): never => {
    throw new SegError('invalid-argument', { where: 'fit', problem, got });
  };
  if (data.length === 0) refuse('there are no training cases', data);
  const ids = new Set<string>();
  for (const { info } of data) {
    if (ids.has(info.id)) refuse('two training cases have the same id', info.id);
    ids.add(info.id);
  }
  if (!patchSize.every((n) => Number.isInteger(n) && n > 0)) refuse('patchSize must be positive integers', patchSize);
  if (ema !== undefined && !(ema > 0 && ema < 1)) refuse('ema must lie between 0 and 1', ema);
  if (foregroundFraction !== undefined && !(foregroundFraction >= 0 && foregroundFraction <= 1)) {
    refuse('foregroundFraction must be in [0, 1]', foregroundFraction);
  }
  for (const [name, every] of Object.entries({ logEvery, validateEvery, checkpointEvery })) {
    if (every !== undefined && !(Number.isInteger(every) && every > 0))
      refuse(`${name} must be a positive integer`, every);
  }
}
