import { isSegError, Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import {
  initialLatent,
  LatentTable,
  type LatentTableOptions,
  type LatentTableState,
  latentPenalty,
} from '../src/index.ts';

/** Float64 arithmetic in another order. */
const ROUND_OFF = 1e-12;

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('LatentTable', () => {
  const ids = ['a', 'b', 'c'];

  it('starts each case from its id alone', () => {
    const table = new LatentTable(ids, Rng.fromSeed(1));
    const reordered = new LatentTable(['c', 'a'], Rng.fromSeed(1));
    expect(table.get('a')).toEqual(reordered.get('a'));
    expect(table.get('a')).not.toEqual(table.get('b'));
    expect(table.get('a')).toEqual([...initialLatent(Rng.fromSeed(1), 'a', 2, 0.05)]);
  });

  it('takes Adam’s steps, bias-corrected by the case’s own count', () => {
    const table = new LatentTable(ids, Rng.fromSeed(1), { learningRate: 0.1 });
    const start = table.get('a');
    table.update('a', [2, -1]);
    // first step: m / (1 - b1) = g and v / (1 - b2) = g^2, so the step is the learning rate times the sign
    const one = table.get('a');
    expect(Math.abs(one[0]! - (start[0]! - 0.1))).toBeLessThan(1e-8);
    expect(Math.abs(one[1]! - (start[1]! + 0.1))).toBeLessThan(1e-8);
    table.update('a', [1, 0]);
    // second step by hand: m = .7 * .3 * 2 + .3 * 1 = .72, v = .9 * .1 * 4 + .1 * 1 = .46
    const m = 0.72 / (1 - 0.49);
    const v = 0.46 / (1 - 0.81);
    expect(Math.abs(table.get('a')[0]! - (one[0]! - (0.1 * m) / (Math.sqrt(v) + 1e-8)))).toBeLessThan(ROUND_OFF);
    expect(table.get('b')).toEqual(new LatentTable(ids, Rng.fromSeed(1)).get('b'));
  });

  it('continues exactly from its state, through JSON', () => {
    const table = new LatentTable(ids, Rng.fromSeed(2));
    table.update('b', [0.5, 0.25]);
    const copy = LatentTable.fromState(JSON.parse(JSON.stringify(table.state)), Rng.fromSeed(99));
    for (const t of [table, copy]) t.update('b', [-0.5, 1]);
    expect(copy.state).toEqual(table.state);
  });

  it('refuses unknown cases and gradients of another length', () => {
    const table = new LatentTable(ids, Rng.fromSeed(1));
    expect(() => table.get('z')).toThrow(/no such case \(got z\)/);
    expect(() => table.update('a', [1])).toThrow(/got 1, expected 2/);
  });

  it('refuses gradients that are not finite, and stays as it was', () => {
    const table = new LatentTable(ids, Rng.fromSeed(1));
    const { state } = table;
    for (const g of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const error = caught(() => table.update('a', [0, g]));
      expect(isSegError(error, 'numerical-failure')).toBe(true);
      expect(String(error)).toContain(`the gradient of a is not finite (got ["0","${g}"])`);
    }
    expect(table.state).toEqual(state);
  });

  it.each<[string, LatentTableOptions]>([
    ['latentDim', { latentDim: -1 }],
    ['latentDim', { latentDim: 0 }],
    ['latentDim', { latentDim: 1.5 }],
    ['standard deviation', { standardDeviation: -0.1 }],
    ['standard deviation', { standardDeviation: Number.NaN }],
    ['learningRate', { learningRate: Number.NaN }],
    ['learningRate', { learningRate: -1 }],
    ['learningRate', { learningRate: Number.POSITIVE_INFINITY }],
    ['betas', { betas: [1, 0.9] }],
    ['betas', { betas: [0.7, -0.1] }],
    ['betas', { betas: [0.7, Number.NaN] }],
    ['betas', { betas: [0.7] as unknown as [number, number] }],
    ['epsilon', { epsilon: 0 }],
    ['epsilon', { epsilon: Number.NaN }],
  ])('refuses %s: %j', (name, options) => {
    for (const some of [ids, []]) {
      const error = caught(() => new LatentTable(some, Rng.fromSeed(1), options));
      expect(isSegError(error, 'invalid-argument')).toBe(true);
      expect(String(error)).toMatch(new RegExp(`LatentTable: .*${name}.*got .*expected `));
    }
  });

  it('takes a rate and a spread of 0', () => {
    const table = new LatentTable(['a'], Rng.fromSeed(1), { learningRate: 0, standardDeviation: 0, betas: [0, 0] });
    table.update('a', [1, -1]);
    expect(table.get('a').map(Math.abs)).toEqual([0, 0]);
  });

  it('refuses a case that comes twice', () => {
    const error = caught(() => new LatentTable(['a', 'b', 'a'], Rng.fromSeed(1)));
    expect(isSegError(error, 'invalid-argument')).toBe(true);
    expect(String(error)).toContain('LatentTable: a case comes twice (got a');
  });

  const row = { values: [1, 2], first: [0, 0], second: [0, 0], steps: 0 };
  const { options } = new LatentTable([], Rng.fromSeed(1));
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no rows', { options }],
    ['no options', { rows: [] }],
    ['rows of text', { options, rows: ['a'] }],
    ['a row that is nothing', { options, rows: [['a', null]] }],
    ['a row without moments', { options, rows: [['a', { values: [1, 2], steps: 1 }]] }],
    ['values of another length', { options, rows: [['a', { ...row, values: [1] }]] }],
    ['NaN, as JSON has it', { options, rows: [['a', { ...row, values: [1, null] }]] }],
    ['a negative second moment', { options, rows: [['a', { ...row, second: [0, -1] }]] }],
    ['half a step', { options, rows: [['a', { ...row, steps: 0.5 }]] }],
    ['an id that is no text', { options, rows: [[1, row]] }],
    ['options out of range', { options: { ...options, latentDim: -1 }, rows: [['a', row]] }],
    [
      'a case twice',
      {
        options,
        rows: [
          ['a', row],
          ['a', row],
        ],
      },
    ],
  ])('restores no state with %s', (_, state) => {
    const error = caught(() => LatentTable.fromState(state as LatentTableState, Rng.fromSeed(1)));
    expect(isSegError(error, 'invalid-argument')).toBe(true);
    expect(String(error)).toMatch(/LatentTable.*expected /);
  });

  it('starts no latent of a size or spread that is none', () => {
    const start = (size: number, sd: number) => caught(() => initialLatent(Rng.fromSeed(1), 'a', size, sd));
    for (const error of [start(-1, 1), start(2, -1), start(2, Number.NaN)]) {
      expect(isSegError(error, 'invalid-argument')).toBe(true);
      expect(String(error)).toContain('initialLatent');
    }
  });
});

describeBackends('latentPenalty', () => {
  const values = [0, -0.5, 2, -0];
  const weights = [3, 1, 0.5, 7];
  // By hand: sum w |z| = 0 + 0.5 + 1 + 0 with gradient w sign(z); sum w z^2 = 0.25 + 2 with gradient 2 w z.
  it.each([
    ['l1', undefined, 2.5, [0, -1, 1, 0]],
    ['l1', weights, 1.5, [0, -1, 0.5, 0]],
    ['l2', undefined, 4.25, [0, -1, 4, 0]],
    ['l2', weights, 2.25, [0, -1, 2, 0]],
  ] as const)('%s with weights %j: value and gradient, which is 0 at exactly 0', (kind, own, sum, gradient) => {
    const before = tf.memory().numTensors;
    const z = tf.tensor2d(values, [1, 4]);
    const penalty = (t: tf.Tensor) =>
      latentPenalty(t, { kind, weight: 2, ...(own === undefined ? {} : { weights: own }) });
    const value = penalty(z);
    const slope = tf.grad(penalty)(z);
    expect(value.dataSync()[0]).toBe(2 * sum);
    expect([...slope.dataSync()].map((g) => g + 0)).toEqual(gradient.map((g) => 2 * g));
    tf.dispose([z, value, slope]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses weights of another length', () => {
    const z = tf.zeros([1, 2]);
    expect(() => latentPenalty(z, { weights: [1] })).toThrow(/one for each component/);
    z.dispose();
  });
});
