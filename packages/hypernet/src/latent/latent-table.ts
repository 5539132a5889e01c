import { type Params, type Rng, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

export interface LatentTableOptions {
  /** Default 2. */
  readonly latentDim?: number;
  /** Latents start at N(0, sd^2); default 0.05. */
  readonly standardDeviation?: number;
  /** Adam's step size; default 1e-3 (the published code's; short runs need 0.01 to 0.05). */
  readonly learningRate?: number;
  /** Adam's memories; default [0.7, 0.9], short because a latent is seen once an epoch. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
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
    this.#rows = new Map(
      caseIds.map((id) => [
        id,
        freshRow(initialLatent(rng, id, this.options.latentDim, this.options.standardDeviation)),
      ]),
    );
  }

  /** Restores a saved table, moments and step counts included. */
  static fromState(state: LatentTableState, rng: Rng): LatentTable {
    const table = new LatentTable([], rng, state.options);
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

  /** One Adam step on one case's latent. */
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

/** The latent that a case starts with: a function of the generator's state and the case's id alone. */
export function initialLatent(rng: Rng, id: string, latentDim: number, standardDeviation: number): Float64Array {
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
