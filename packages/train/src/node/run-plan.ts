import type { CheckpointMeta } from '../fit/checkpoint.ts';
import type { Budget } from '../fit/phase-plan.ts';
import type { NetworkKinds } from '../plan/network-kinds.ts';
import { stepGflop } from '../plan/step-cost.ts';
import type { TrainingPlan } from '../plan/training-plan.ts';

/** What a run is going to do, said before its images are prepared. */
export interface RunPlan {
  readonly dataset: string;
  readonly channels: readonly string[];
  /** Names of the foreground classes. */
  readonly classes: readonly string[];
  readonly trainingCases: number;
  readonly validationCases: number;
  readonly plan: TrainingPlan;
  readonly budget: Budget;
  /** Steps that are finished: 0, or those of the checkpoint that the run goes on from. */
  readonly step: number;
  /** Steps at the end of the run: exact for a budget of steps, else an estimate. */
  readonly expectedSteps: number;
}

/** Width of the network by which `measureTrainingSpeed` measures. */
const MEASURED_WIDTH = 16;
/** What validations and checkpoints leave. */
const TRAINING_SHARE = 0.9;

/** Steps of a plan that so many minutes buy at a measured speed. */
export function affordableSteps(
  plan: TrainingPlan,
  minutes: number,
  gflopPerSecond: number,
  networks?: NetworkKinds,
): number {
  // Narrow layers wait for memory: half the width has half the speed.
  const speed = gflopPerSecond * Math.min(1, (plan.network.features?.[0] ?? MEASURED_WIDTH) / MEASURED_WIDTH);
  const seconds = 60 * Math.max(0, minutes) * TRAINING_SHARE;
  return Math.max(1, Math.round((seconds * speed) / stepGflop(plan, networks)));
}

/** Steps that a run of so many minutes has at its end if it goes on as it began. */
export function continuedSteps(
  minutes: number,
  { step, elapsedMs }: Pick<CheckpointMeta, 'step' | 'elapsedMs'>,
): number {
  const restMs = Math.max(0, minutes * 60_000 - elapsedMs);
  return step + Math.round((step * restMs) / elapsedMs);
}
