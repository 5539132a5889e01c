import { SegError } from '@seg/core';
import type { Method, ParamGroup, Phase } from '../method/method.ts';
import type { OptimiserConfig } from '../optimiser/optimiser-config.ts';
import { checkSchedule, type Schedule } from '../optimiser/schedule.ts';
import { checkOptimiser } from '../optimiser/update-parameter.ts';

/** How long a training lasts: optimiser steps, or minutes of the clock over all its sessions. */
export type Budget = { readonly steps: number } | { readonly minutes: number };

/** Where a step stands in the budget. */
export interface Position {
  /** In [0, 1); 1 when the budget is used up. */
  readonly progress: number;
  readonly phase: number;
  /** In [0, 1). */
  readonly phaseProgress: number;
}

const NNUNET_POLY: Schedule = { kind: 'poly', exponent: 0.9 };

/** A method's phases laid over a budget. */
export class PhasePlan {
  readonly phases: readonly Phase[];
  readonly #method: Method;
  readonly #budget: Budget;
  /** Ends of the phases: in steps for a step budget, else as parts of 1. */
  readonly #ends: readonly number[];

  constructor(method: Method, budget: Budget) {
    const where = `method ${method.name}`;
    const amount = 'steps' in budget ? budget.steps : budget.minutes;
    if (!(amount > 0 && Number.isFinite(amount)) || ('steps' in budget && !Number.isInteger(amount))) {
      throw new SegError('invalid-argument', {
        where: 'fit',
        problem: 'the budget must be a positive number of steps (whole) or minutes',
        got: budget,
      });
    }
    this.#method = method;
    this.#budget = budget;
    this.phases = method.phases ?? [{ name: 'main', share: 1 }];
    const total = this.phases.reduce((sum, { share }) => sum + share, 0);
    if (this.phases.length === 0 || !this.phases.every(({ share }) => share > 0) || !Number.isFinite(total)) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'every phase needs a positive share',
        got: this.phases.map(({ name, share }) => ({ name, share })),
      });
    }
    let sum = 0;
    this.#ends = this.phases.map(({ share }, i) => {
      sum += share;
      if (i === this.phases.length - 1) return 'steps' in budget ? amount : 1;
      return 'steps' in budget ? Math.round((sum / total) * amount) : sum / total;
    });
    for (const [name, group] of Object.entries(method.groups)) {
      for (let i = 0; i < this.phases.length; i++) {
        const optimiser = this.optimiser(i, name);
        if (optimiser === undefined) continue;
        checkOptimiser(`${where}, group ${name}`, optimiser);
        checkSchedule(`${where}, group ${name}`, this.schedule(i, name));
      }
      checkClip(where, name, group);
    }
  }

  /** Where the next step stands after `step` finished ones and `elapsedMs` of training. */
  position(step: number, elapsedMs: number): Position {
    const isSteps = 'steps' in this.#budget;
    const at = isSteps ? step : elapsedMs / (this.#budget.minutes * 60_000);
    const last = this.#ends.length - 1;
    let phase = this.#ends.findIndex((end) => at < end);
    if (phase < 0) phase = last;
    const begin = phase === 0 ? 0 : this.#ends[phase - 1]!;
    const phaseProgress = Math.min(1, (at - begin) / (this.#ends[phase]! - begin));
    return { progress: Math.min(1, at / this.#ends[last]!), phase, phaseProgress };
  }

  optimiser(phase: number, group: string): OptimiserConfig | undefined {
    const own = this.#method.groups[group]!.optimiser;
    return own === undefined ? undefined : (this.phases[phase]!.optimisers?.[group] ?? own);
  }

  schedule(phase: number, group: string): Schedule {
    return this.phases[phase]!.schedules?.[group] ?? this.#method.groups[group]!.schedule ?? NNUNET_POLY;
  }

  isTrainable(phase: number, group: string, name: string): boolean {
    if (this.optimiser(phase, group) === undefined) return false;
    return this.phases[phase]!.trainable?.(group, name) ?? true;
  }

  /** Whether a group's optimiser starts anew when this phase begins. */
  resets(phase: number, group: string): boolean {
    if (phase === 0) return false;
    const replaced = this.optimiser(phase, group) !== this.optimiser(phase - 1, group);
    return replaced || this.phases[phase]!.resetOptimisers === true;
  }
}

function checkClip(where: string, name: string, { clipNorm }: ParamGroup): void {
  if (clipNorm === undefined || clipNorm > 0) return;
  throw new SegError('invalid-argument', {
    where: `${where}, group ${name}`,
    problem: 'clipNorm must be positive',
    got: clipNorm,
  });
}
