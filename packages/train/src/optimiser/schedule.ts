import { checkOption, SegError } from '@seg/core';

/**
 * Learning rate over a phase as a factor of the optimiser's own, by the phase's progress p in [0, 1).
 *
 * - `constant`: 1.
 * - `poly`: (1 - p)^exponent, default 0.9 (nnU-Net).
 * - `cosine`: from 1 to `floor` (default 0) along half a cosine.
 * - `step`: multiplied by `factor` (default 0.1) at each progress in `at`.
 * - `linear`: from `from` to `to`.
 *
 * `warmUp` is the part of the phase in which the factor first rises linearly from 0; default 0.
 */
export type Schedule =
  | { readonly kind: 'constant'; readonly warmUp?: number }
  | { readonly kind: 'poly'; readonly exponent?: number; readonly warmUp?: number }
  | { readonly kind: 'cosine'; readonly floor?: number; readonly warmUp?: number }
  | { readonly kind: 'step'; readonly at: readonly number[]; readonly factor?: number; readonly warmUp?: number }
  | { readonly kind: 'linear'; readonly from: number; readonly to: number; readonly warmUp?: number };

/** The factor of a schedule at progress p in [0, 1]. */
export function scheduleFactor(schedule: Schedule, progress: number): number {
  const { warmUp = 0 } = schedule;
  const rise = warmUp > 0 && progress < warmUp ? progress / warmUp : 1;
  return rise * decay(schedule, progress);
}

function decay(schedule: Schedule, p: number): number {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'poly':
      return (1 - p) ** (schedule.exponent ?? 0.9);
    case 'cosine': {
      const floor = schedule.floor ?? 0;
      return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * p));
    }
    case 'step':
      return (schedule.factor ?? 0.1) ** schedule.at.filter((at) => p >= at).length;
    case 'linear':
      return schedule.from + (schedule.to - schedule.from) * p;
  }
}

/** Refuses a schedule that is none, naming the place. */
export function checkSchedule(where: string, schedule: Schedule): void {
  checkOption(where, 'schedule', schedule.kind, ['constant', 'poly', 'cosine', 'step', 'linear']);
  const { warmUp = 0 } = schedule;
  if (!(warmUp >= 0 && warmUp <= 1)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'warmUp is a part of the phase',
      got: warmUp,
      expected: 'a number in [0, 1]',
    });
  }
}
