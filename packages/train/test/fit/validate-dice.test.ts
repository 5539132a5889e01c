import { startBackend } from '@seg/backend';
import type { Triple } from '@seg/core';
import type { TrainingCase } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { validateDice } from '../../src/fit/validate-dice.ts';

const shape: Triple = [2, 2, 2];

/** A network that predicts as class what it sees as intensity. */
const predictor = {
  apply: (x: tf.Tensor5D) =>
    tf.tidy(() => tf.oneHot(tf.cast(tf.squeeze(x, [4]), 'int32'), 3, 9, 0, 'float32') as tf.Tensor5D),
};

function caseOf(prediction: readonly number[], label: readonly number[], annotated?: readonly number[]): TrainingCase {
  const info = { id: 'a', labelled: true, ...(annotated === undefined ? {} : { annotated }) };
  return { info, shape, channels: 1, image: Float32Array.from(prediction), label: Uint8Array.from(label) };
}
const nothing = [0, 0, 0, 0, 0, 0, 0, 0];
const run = (...cases: readonly TrainingCase[]) => validateDice(predictor, cases, shape);

beforeAll(() => startBackend({ name: 'cpu' }));

describe('validateDice', () => {
  it('takes means over the cases that have a class, then over classes', async () => {
    // Class 1: 2 of (2 + 1) voxels in common = 2/3, and 1. Class 2: 1 in the first case, in neither map of the second.
    const first = caseOf([1, 1, 2, 0, 0, 0, 0, 0], [1, 0, 2, 0, 0, 0, 0, 0]);
    const second = caseOf([1, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]);
    const { dice1, dice2, score } = await run(first, second);
    expect(dice1).toBeCloseTo((2 / 3 + 1) / 2, 12);
    expect(dice2).toBe(1);
    expect(score).toBeCloseTo(11 / 12, 12);
  });

  it('has no score where a right prediction and its reference are empty, and none for no case at all', async () => {
    expect(await run(caseOf(nothing, nothing))).toEqual({ dice1: null, dice2: null, score: null });
    expect(await run()).toEqual({ score: null });
    const { label: _, ...unlabelled } = caseOf(nothing, nothing);
    expect(await run(unlabelled)).toEqual({ score: null });
  });

  it('does not rank by classes that no reference has, whatever is predicted', async () => {
    const healthy = caseOf([0, 2, 0, 0, 0, 0, 0, 0], nothing);
    expect(await run(healthy)).toEqual({ dice1: null, dice2: 0, score: null });
    const ill = caseOf([1, 2, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]);
    expect(await run(ill)).toEqual({ dice1: 1, dice2: 0, score: 1 });
  });

  it('counts a healthy case with a prediction as 0 where others have the class', async () => {
    const healthy = caseOf([1, 0, 0, 0, 0, 0, 0, 0], nothing);
    const ill = caseOf([1, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]);
    expect(await run(healthy, ill)).toEqual({ dice1: 0.5, dice2: null, score: 0.5 });
  });

  it('scores no class in a case in which it was not annotated', async () => {
    const partly = caseOf([1, 2, 2, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0], [1]);
    expect(await run(partly)).toEqual({ dice1: 1, dice2: null, score: 1 });
    const fully = caseOf([1, 2, 0, 0, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0, 0, 0]);
    expect(await run(partly, fully)).toEqual({ dice1: 1, dice2: 1, score: 1 });
  });

  it('leaves ignored voxels out of prediction and reference', async () => {
    const sparse = caseOf([1, 1, 1, 2, 2, 2, 0, 0], [1, 255, 255, 255, 255, 2, 0, 255]);
    expect(await run(sparse)).toEqual({ dice1: 1, dice2: 1, score: 1 });
    expect(await run(caseOf([1, 1, 1, 2, 2, 2, 0, 0], Array(8).fill(255)))).toEqual({
      dice1: null,
      dice2: null,
      score: null,
    });
  });

  it('leaves no tensors behind', async () => {
    const before = tf.memory().numTensors;
    await run(caseOf(nothing, nothing), caseOf(nothing, [1, 0, 0, 0, 0, 0, 0, 0]));
    expect(tf.memory().numTensors).toBe(before);
  });
});
