import { describe, expect, it } from 'vitest';
import { PhasePlan } from '../../src/fit/phase-plan.ts';
import type { Method } from '../../src/method/method.ts';

const method: Method = {
  name: 'phased',
  groups: {
    body: { init: () => ({}), optimiser: { kind: 'sgd', learningRate: 0.1 } },
    teacher: { init: { copyOf: 'body' } },
  },
  streams: { train: { batchSize: 1 } },
  phases: [
    {
      name: 'head',
      share: 10,
      trainable: (_, name) => name === 'head',
      optimisers: { body: { kind: 'adam', learningRate: 5e-4 } },
    },
    { name: 'warm-up', share: 50, schedules: { body: { kind: 'linear', from: 0, to: 1 } } },
    { name: 'main', share: 1000, resetOptimisers: true },
  ],
  step: () => ({}),
  predictor: () => ({ apply: (x) => x }),
};

describe('PhasePlan', () => {
  it('divides a step budget at whole steps', () => {
    const plan = new PhasePlan(method, { steps: 1060 });
    const at = (step: number) => plan.position(step, 0);
    expect([at(0).phase, at(9).phase, at(10).phase, at(59).phase, at(60).phase, at(1059).phase]).toEqual([
      0, 0, 1, 1, 2, 2,
    ]);
    expect(at(10).phaseProgress).toBe(0);
    expect(at(35).phaseProgress).toBe(0.5);
    expect(at(1060)).toMatchObject({ progress: 1, phase: 2, phaseProgress: 1 });
  });

  it('follows the elapsed time for a time budget', () => {
    const plan = new PhasePlan(method, { minutes: 10 });
    const at = plan.position(12345, 5 * 60_000);
    expect(at.progress).toBe(0.5);
    expect(at.phase).toBe(2);
    expect(at.phaseProgress).toBeCloseTo((0.5 - 60 / 1060) / (1000 / 1060), 12);
  });

  it('knows what is trained, by which optimiser, and when moments are forgotten', () => {
    const plan = new PhasePlan(method, { steps: 100 });
    expect([0, 1].map((phase) => plan.isTrainable(phase, 'body', 'head'))).toEqual([true, true]);
    expect([0, 1].map((phase) => plan.isTrainable(phase, 'body', 'encoder'))).toEqual([false, true]);
    expect(plan.isTrainable(1, 'teacher', 'head')).toBe(false);
    expect(plan.optimiser(0, 'body')!.kind).toBe('adam');
    expect(plan.optimiser(1, 'body')!.kind).toBe('sgd');
    expect([0, 1, 2].map((phase) => plan.resets(phase, 'body'))).toEqual([false, true, true]);
  });

  it('refuses budgets and phases without meaning', () => {
    expect(() => new PhasePlan(method, { steps: 0 })).toThrow(/budget/);
    expect(() => new PhasePlan(method, { steps: 1.5 })).toThrow(/budget/);
    expect(() => new PhasePlan(method, { minutes: Number.NaN })).toThrow(/budget/);
    expect(() => new PhasePlan({ ...method, phases: [{ name: 'a', share: 0 }] }, { steps: 1 })).toThrow(/share/);
    const wrong = { init: () => ({}), optimiser: { kind: 'adamw', learningRate: 1 } as never };
    expect(() => new PhasePlan({ ...method, groups: { body: wrong } }, { steps: 1 })).toThrow(/Did you mean "adam"/);
  });
});
