import type { Unet3d } from '@seg/unet3d';
import { plainUnet } from '../baselines/plain-unet.ts';
import { outOfFoldDice } from '../baselines/test-dice.ts';
import { trainBaseline } from '../baselines/train-baseline.ts';
import { trainSentinel } from '../baselines/train-sentinel.ts';
import { labelDiceError, labelForeground } from '../cases/label-voxels.ts';
import type { MapCase } from '../cases/map-case.ts';
import type { TimeBudget } from './time-budget.ts';

interface PredictorOptions {
  readonly seed: number;
  /** Seconds for all of it. */
  readonly seconds: number;
  readonly budget: TimeBudget;
  readonly onStep: (step: number, steps: number) => void;
}

export interface OutOfFoldOptions extends PredictorOptions {
  readonly network: Unet3d;
  readonly folds: number;
  /** Of one fold; 20 are done at least. */
  readonly steps: number;
  /** Do fewer where a few timed ones say that the time does not suffice: a schedule that ends is worth more steps. */
  readonly fitToTime: boolean;
}

/** Of which the shortest counts. */
const TIMED_STEPS = 6;
/** Part of a fold's time that its steps are planned to take. */
const PLANNED = 0.85;

/** Steps of one fold for which there is time. */
async function affordableSteps(cases: readonly MapCase[], options: OutOfFoldOptions): Promise<number> {
  const { network, folds, steps, seed, seconds, budget } = options;
  const limit = budget.limit(seconds);
  const times: number[] = [];
  const trained = await trainBaseline(plainUnet({ network }), cases, {
    steps: TIMED_STEPS,
    seed,
    signal: limit.signal,
    onStep: () => {
      limit.check();
      times.push(budget.spent());
    },
  });
  trained.dispose();
  budget.throwIfStopped();
  const perStep = Math.min(...times.slice(1).map((t, i) => t - times[i]!));
  return Math.min(steps, Math.floor((PLANNED * seconds) / folds / perStep));
}

/** Out-of-fold Dice errors of plain U-Nets in the order of the cases, and the fewest steps that a fold had time for. */
export async function outOfFoldErrors(
  cases: readonly MapCase[],
  options: OutOfFoldOptions,
): Promise<{ readonly errors: readonly number[]; readonly steps: number }> {
  const { network, folds, seed, budget, onStep } = options;
  const end = budget.spent() + options.seconds;
  const affordable = options.fitToTime ? await affordableSteps(cases, options) : options.steps;
  const steps = Math.max(LEAST_STEPS, affordable);
  const seconds = end - budget.spent();
  let fewest = steps;
  const { segmentations } = await outOfFoldDice(
    cases,
    async (training, fold) => {
      // Each fold has its own part of the time, so that a slow machine cuts them alike.
      budget.throwIfStopped();
      const limit = budget.limit(seconds / folds);
      const trained = await trainBaseline(
        plainUnet({ network, learningRate: 2e-3, schedule: { kind: 'poly' } }),
        training,
        {
          steps,
          seed: seed + fold,
          signal: limit.signal,
          onStep: (step) => {
            limit.check();
            onStep(fold * steps + step, folds * steps);
          },
        },
      );
      fewest = Math.min(fewest, trained.steps);
      return trained;
    },
    { folds, seed },
  );
  const errors = cases.map(({ label, labelOutside }, i) => labelDiceError(segmentations[i]!, label, labelOutside));
  return { errors, steps: fewest };
}

const SENTINEL_EPOCHS = 8;
/** Of a training that is worth anything at all. */
const LEAST_STEPS = 20;

/** 1 - Dice that the quality regressor expects of the given labels; it is trained on degraded copies of the same ones. */
export async function qualityErrors(cases: readonly MapCase[], options: PredictorOptions): Promise<readonly number[]> {
  const { seed, seconds, budget, onStep } = options;
  const limit = budget.limit(seconds);
  const steps = Math.max(LEAST_STEPS, SENTINEL_EPOCHS * cases.length);
  const sentinel = await trainSentinel(cases, {
    steps,
    seed,
    signal: limit.signal,
    onStep: (step) => {
      limit.check();
      onStep(step, steps);
    },
  });
  try {
    const errors: number[] = [];
    budget.throwIfStopped();
    for (const c of cases) errors.push(1 - (await sentinel.quality(c, labelForeground(c.label))));
    return errors;
  } finally {
    sentinel.dispose();
  }
}
