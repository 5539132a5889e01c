import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cadence, type CadenceOptions } from '../../src/fit/cadence.ts';

const MINUTE_MS = 60_000;

/** A training by a clock of its own: what it did when, and the parts of its time. */
function simulate(
  options: CadenceOptions,
  costs: { readonly stepMs: number; readonly validationMs: number; readonly saveMs: number },
) {
  const cadence = new Cadence(options);
  const { budget } = options;
  let [now, step] = [0, 0];
  const validations: number[] = [];
  const saves: number[] = [];
  const progress = () => Math.min(1, 'steps' in budget ? step / budget.steps : now / (budget.minutes * MINUTE_MS));
  const validate = () => {
    now += costs.validationMs;
    cadence.validationTook(costs.validationMs);
    validations.push(step);
  };
  while (progress() < 1) {
    const before = progress();
    now += costs.stepMs;
    step++;
    cadence.stepTook(costs.stepMs);
    const after = progress();
    if (cadence.isValidationDue(step, before, after)) validate();
    if (cadence.isCheckpointDue(step, before, after, now)) {
      now += costs.saveMs;
      cadence.saved(costs.saveMs, now);
      saves.push(step);
    }
  }
  if (validations.at(-1) !== step) validate();
  return { validations, saves, steps: step, trainingShare: (step * costs.stepMs) / now };
}

describe('Cadence', () => {
  it('validates ten steps once, at the end, and a long training ten times', () => {
    // A validation as dear as two steps: 8 % of 10 steps hold none, of 100 four, of 250 and more ten.
    const at = (steps: number) =>
      simulate({ budget: { steps }, validationSteps: 2 }, { stepMs: 100, validationMs: 200, saveMs: 0 }).validations;
    expect(at(10)).toEqual([10]);
    expect(at(100)).toEqual([25, 50, 75, 100]);
    expect(at(250)).toHaveLength(10);
    expect(at(5000)).toEqual([500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000]);
  });

  it('of a budget of steps does not depend on how long anything takes', () => {
    const options = { budget: { steps: 137 }, validationSteps: 1.7 };
    const fast = simulate(options, { stepMs: 1, validationMs: 1, saveMs: 0 });
    const slow = simulate(options, { stepMs: 900, validationMs: 90_000, saveMs: 5000 });
    expect(slow.validations).toEqual(fast.validations);
  });

  it('leaves nine tenths of any budget to training, beside the validation at the end', () => {
    const costs = fc.record({
      stepMs: fc.integer({ min: 5, max: 2000 }),
      validationMs: fc.integer({ min: 1, max: 20_000 }),
      saveMs: fc.integer({ min: 0, max: 2000 }),
    });
    fc.assert(
      fc.property(costs, fc.double({ min: 0.1, max: 60, noNaN: true }), fc.boolean(), (c, minutes, isTimed) => {
        const steps = Math.max(1, Math.round((minutes * MINUTE_MS) / c.stepMs));
        const options = {
          budget: isTimed ? { minutes } : { steps },
          validationSteps: c.validationMs / c.stepMs,
        };
        const { trainingShare, validations, saves } = simulate(options, c);
        const total = minutes * MINUTE_MS;
        // The last validation, and a checkpoint before it is known what one takes.
        const due = (c.validationMs + c.saveMs + c.stepMs) / total;
        expect(trainingShare).toBeGreaterThan(1 - 0.1 - due);
        expect(validations.length).toBeGreaterThanOrEqual(1);
        expect(saves.length).toBeLessThanOrEqual(10);
      }),
    );
  });

  it('corrects an estimate that was far off by what the first validation took', () => {
    const options = { budget: { minutes: 10 }, validationSteps: 1 };
    const { validations } = simulate(options, { stepMs: 100, validationMs: 20_000, saveMs: 0 });
    // 48 seconds hold two; the first was taken for a cheap one.
    expect(validations.length).toBeLessThanOrEqual(3);
  });

  it('keeps to steps that are given', () => {
    const options = { budget: { steps: 12 }, validationSteps: 100, validateEvery: 4, checkpointEvery: 3 };
    const { validations, saves } = simulate(options, { stepMs: 1, validationMs: 1000, saveMs: 1000 });
    expect(validations).toEqual([4, 8, 12]);
    expect(saves).toEqual([3, 6, 9, 12]);
  });
});
