import type { Budget } from './phase-plan.ts';

/** Validations and checkpoints of a budget at most. */
const MOST_PARTS = 10;
/** Part of the budget that validations may take, the last one included, which there always is. */
const VALIDATION_SHARE = 0.08;
/** Part of the time that the checkpoints between may take. */
const CHECKPOINT_SHARE = 0.02;

export interface CadenceOptions {
  readonly budget: Budget;
  /** Steps between validations; default: as often as `VALIDATION_SHARE` allows, ten times at most. */
  readonly validateEvery?: number | undefined;
  /** Steps between checkpoints; default as `validateEvery`, else ten times, fewer where saving is slow. */
  readonly checkpointEvery?: number | undefined;
  /** Cost of a validation in training steps, as far as it is known beforehand. */
  readonly validationSteps: number;
}

/**
 * When a training validates and saves.
 *
 * Of a step budget, validations depend on counts alone, so that the best checkpoint does not depend on the machine or on
 * interruptions. Of a time budget they follow the time that a validation took. Checkpoints follow the clock in both:
 * they change nothing that is trained.
 */
export class Cadence {
  readonly #options: CadenceOptions;
  #stepMs = 0;
  #steps = 0;
  #validationMs: number | undefined;
  #validatingMs = 0;
  #saveMs = 0;
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CadenceOptions) {
    this.#options = options;
  }

  stepTook(ms: number): void {
    this.#stepMs += ms;
    this.#steps++;
  }

  /** `ms`: for the validation and what is saved with it. */
  validationTook(ms: number): void {
    this.#validationMs = ms;
    this.#validatingMs += ms;
  }

  /** A checkpoint was saved in `ms`, at this time of the clock. */
  saved(ms: number, now: number): void {
    this.#saveMs = ms;
    this.#savedAt = now;
  }

  /** Validations in the whole budget, as far as is known now. */
  #validations(): number {
    const { budget, validationSteps } = this.#options;
    const cost =
      'steps' in budget ? validationSteps / budget.steps : this.#expectedValidationMs() / (budget.minutes * 60_000);
    return cost > 0 ? Math.max(1, Math.min(MOST_PARTS, Math.floor(VALIDATION_SHARE / cost))) : MOST_PARTS;
  }

  /** Whether to validate after a step that took the budget's progress from `before` to `after`. */
  isValidationDue(step: number, before: number, after: number): boolean {
    const { validateEvery } = this.#options;
    if (validateEvery !== undefined) return step % validateEvery === 0;
    return entersPart(this.#validations(), before, after) && this.#hasTimeForTwo();
  }

  isCheckpointDue(step: number, before: number, after: number, now: number): boolean {
    const { validateEvery, checkpointEvery = validateEvery } = this.#options;
    if (checkpointEvery !== undefined) return step % checkpointEvery === 0;
    return entersPart(MOST_PARTS, before, after) && (now - this.#savedAt) * CHECKPOINT_SHARE >= this.#saveMs;
  }

  /** Of this validation and the last one; what one takes may change on the way. */
  #hasTimeForTwo(): boolean {
    const { budget } = this.#options;
    if ('steps' in budget) return true;
    return this.#validatingMs + 2 * this.#expectedValidationMs() <= VALIDATION_SHARE * budget.minutes * 60_000;
  }

  #expectedValidationMs(): number {
    return this.#validationMs ?? this.#options.validationSteps * (this.#stepMs / Math.max(1, this.#steps));
  }
}

function entersPart(parts: number, before: number, after: number): boolean {
  return Math.floor(after * parts) > Math.floor(before * parts);
}
