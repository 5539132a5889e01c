import { type Params, type Rng, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

export interface LatentTableOptions {
  /** 1 or more; default 2. */
  readonly latentDim?: number;
  /** Latents start at N(0, sd^2); default 0.05. */
  readonly standardDeviation?: number;
  /** Adam's step size; default 1e-3 (the published code's; short runs need 0.01 to 0.05). */
  readonly learningRate?: number;
  /** Adam's memories; each in [0, 1), default [0.7, 0.9], short because a latent is seen once an epoch. */
  readonly betas?: readonly [number, number];
  /** Above 0; default 1e-8. */
  readonly epsilon?: number;
}

interface Row {
  readonly values: number[];
  readonly first: number[];
  readonly second: number[];
  steps: number;
}

/** A latent table as plain JSON. */
export interface LatentTableState {
  readonly options: Required<LatentTableOptions>;
  readonly rows: readonly (readonly [string, Readonly<Row>])[];
}

/**
 * One latent vector for each case, each with an Adam optimiser of its own (float64, steps counted per case).
 *
 * For training loops of your own; within `fit` the `hypersort` method keeps its latents as a parameter group, with the
 * same update.
 *
 * @throws SegError `invalid-argument` for options out of range, ids that come twice and states that are none.
 */
export class LatentTable {
  readonly options: Required<LatentTableOptions>;
  readonly #rows: Map<string, Row>;

  constructor(caseIds: readonly string[], rng: Rng, options: LatentTableOptions = {}) {
    this.options = {
      latentDim: options.latentDim ?? 2,
      standardDeviation: options.standardDeviation ?? 0.05,
      learningRate: options.learningRate ?? 1e-3,
      betas: options.betas ?? [0.7, 0.9],
      epsilon: options.epsilon ?? 1e-8,
    };
    checkOptions(this.options);
    checkIds('LatentTable', caseIds);
    this.#rows = new Map(
      caseIds.map((id) => [
        id,
        freshRow(initialLatent(rng, id, this.options.latentDim, this.options.standardDeviation)),
      ]),
    );
  }

  /** Restores a saved table, moments and step counts included. */
  static fromState(state: LatentTableState, rng: Rng): LatentTable {
    checkState(state);
    const table = new LatentTable([], rng, state.options);
    checkRows(state.rows, table.options.latentDim);
    for (const [id, row] of state.rows) table.#rows.set(id, structuredClone(row) as Row);
    return table;
  }

  get state(): LatentTableState {
    return structuredClone({ options: this.options, rows: [...this.#rows] });
  }

  get caseIds(): readonly string[] {
    return [...this.#rows.keys()];
  }

  /** A case's latent, a copy. */
  get(id: string): number[] {
    return [...this.#row(id).values];
  }

  /** A case's latent as a new tensor [1, latentDim]; the caller disposes it. */
  tensor(id: string): tf.Tensor2D {
    return tf.tensor2d(this.#row(id).values, [1, this.options.latentDim]);
  }

  /**
   * One Adam step on one case's latent.
   *
   * @throws SegError `not-found` for an unknown case, `shape-mismatch` for a gradient of another length,
   * `numerical-failure` for one that is not finite; the latent then stays as it was.
   */
  update(id: string, gradient: ArrayLike<number>): void {
    const row = this.#row(id);
    const { learningRate, epsilon, latentDim } = this.options;
    const [beta1, beta2] = this.options.betas;
    if (gradient.length !== latentDim) {
      throw new SegError('shape-mismatch', {
        where: 'LatentTable.update',
        problem: 'the gradient has another length than the latent',
        got: gradient.length,
        expected: latentDim,
      });
    }
    if (!Array.from(gradient).every(Number.isFinite)) {
      throw new SegError('numerical-failure', {
        where: 'LatentTable.update',
        problem: `the gradient of ${id} is not finite`,
        got: Array.from(gradient, String),
        hint: 'Leave the step out, or lower the learning rate.',
      });
    }
    row.steps++;
    for (let i = 0; i < latentDim; i++) {
      const g = gradient[i]!;
      row.first[i] = beta1 * row.first[i]! + (1 - beta1) * g;
      row.second[i] = beta2 * row.second[i]! + (1 - beta2) * g * g;
      const first = row.first[i]! / (1 - beta1 ** row.steps);
      const second = row.second[i]! / (1 - beta2 ** row.steps);
      row.values[i]! -= (learningRate * first) / (Math.sqrt(second) + epsilon);
    }
  }

  #row(id: string): Row {
    const row = this.#rows.get(id);
    if (row !== undefined) return row;
    throw new SegError('not-found', { where: 'LatentTable', problem: 'no such case', got: id });
  }
}

/**
 * The latent that a case starts with: a function of the generator's state and the case's id alone.
 *
 * @throws SegError `invalid-argument` for a size that is no positive integer, or a standard deviation that is negative or
 * not finite.
 */
export function initialLatent(rng: Rng, id: string, latentDim: number, standardDeviation: number): Float64Array {
  checkStart('initialLatent', latentDim, standardDeviation);
  return rng.fork(id).fillNormal(new Float64Array(latentDim), 0, standardDeviation);
}

/** Reads latents out of a parameter group { case id: [1, latentDim] }. */
export function latentsOf(params: Params): Promise<{ readonly id: string; readonly latent: number[] }[]> {
  return Promise.all(Object.entries(params).map(async ([id, tensor]) => ({ id, latent: [...(await tensor.data())] })));
}

function freshRow(values: Float64Array): Row {
  const zeros = () => Array.from(values, () => 0);
  return { values: [...values], first: zeros(), second: zeros(), steps: 0 };
}

function checkOptions({
  latentDim,
  standardDeviation,
  learningRate,
  betas,
  epsilon,
}: Required<LatentTableOptions>): void {
  checkStart('LatentTable', latentDim, standardDeviation);
  const refuse = (problem: string, got: unknown, expected: string) => refuseIn('LatentTable', problem, got, expected);
  if (!(Number.isFinite(learningRate) && learningRate >= 0))
    refuse('learningRate is out of range', learningRate, 'a finite number from 0 up');
  if (!(Array.isArray(betas) && betas.length === 2 && betas.every((b) => Number.isFinite(b) && b >= 0 && b < 1)))
    refuse('betas are out of range', Array.isArray(betas) ? betas.map(String) : betas, 'two numbers in [0, 1)');
  if (!(Number.isFinite(epsilon) && epsilon > 0)) refuse('epsilon is out of range', epsilon, 'a finite number above 0');
}

function checkStart(where: string, latentDim: number, standardDeviation: number): void {
  if (!(Number.isInteger(latentDim) && latentDim > 0))
    refuseIn(where, 'latentDim is no positive integer', latentDim, 'an integer from 1 up');
  if (!(Number.isFinite(standardDeviation) && standardDeviation >= 0))
    refuseIn(where, 'the standard deviation is out of range', standardDeviation, 'a finite number from 0 up');
}

function checkIds(where: string, ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) refuseIn(where, 'a case comes twice', id, 'ids that differ', 'Give every case an id of its own.');
    seen.add(id);
  }
}

const STATE = { where: 'LatentTable.fromState', hint: 'Pass what LatentTable.state gave.' };

function checkState(state: LatentTableState): void {
  const { options, rows } = (state ?? {}) as Partial<LatentTableState>;
  if (typeof options === 'object' && options !== null && Array.isArray(rows)) return;
  refuseIn(STATE.where, 'this is no state of a table', state, '{ options, rows }', STATE.hint);
}

function checkRows(rows: LatentTableState['rows'], latentDim: number): void {
  const isVector = (values: unknown) =>
    Array.isArray(values) && values.length === latentDim && values.every(Number.isFinite);
  for (const [i, entry] of rows.entries()) {
    const [id, row] = (Array.isArray(entry) ? entry : []) as [unknown?, Partial<Row>?];
    const { values, first, second, steps } = row ?? {};
    const whole = isVector(values) && isVector(first) && isVector(second) && second!.every((v) => v >= 0);
    if (typeof id === 'string' && whole && Number.isInteger(steps) && steps! >= 0) continue;
    const expected = `[id, { values, first, second: ${latentDim} finite numbers each, steps }]`;
    refuseIn(STATE.where, `row ${i} is broken`, entry, expected, STATE.hint);
  }
  checkIds(
    STATE.where,
    rows.map(([id]) => id),
  );
}

function refuseIn(where: string, problem: string, got: unknown, expected: string, hint?: string): never {
  throw new SegError('invalid-argument', { where, problem, got, expected, ...(hint === undefined ? {} : { hint }) });
}
