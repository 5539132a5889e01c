import { Rng } from '@seg/core';
import { diceCrossEntropy } from '@seg/ops';
import { type CaseInfo, mergeUnannotated } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';

/** float32 sums of a few terms of size 1. */
const FLOAT32_TOLERANCE = 2e-6;
/** Central differences in float32 with a step of 1e-2: curvature and rounding are both below this. */
const DIFFERENCE_TOLERANCE = 2e-3;

const info = (annotated?: readonly number[]): CaseInfo => ({
  id: 'a',
  labelled: true,
  ...(annotated === undefined ? {} : { annotated }),
});
const shape: [number, number, number, number, number] = [2, 1, 2, 2, 4];
const values = Rng.fromSeed(3).fillNormal(new Float32Array(32), 0, 2);
const logitsOf = (data: Float32Array | number[] = values) => tf.tensor5d([...data], shape);

/** Softmax of a voxel's logits in float64. */
function softmax(logits: readonly number[]): number[] {
  const e = logits.map(Math.exp);
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

const voxel = (i: number) => [...values.subarray(4 * i, 4 * i + 4)];

describeBackends('mergeUnannotated', () => {
  it('adds the probabilities of classes that were not annotated to background, each sample by itself', () => {
    const before = tf.memory().numTensors;
    const logits = logitsOf();
    const merged = mergeUnannotated(logits, [info([2]), info()]);
    const found = tf.tidy(() => tf.softmax(merged).dataSync());
    for (let i = 0; i < 8; i++) {
      const p = softmax(voxel(i));
      const expected = i < 4 ? [p[0]! + p[1]! + p[3]!, 0, p[2]!, 0] : p;
      for (const [c, v] of expected.entries()) {
        expect(Math.abs(found[4 * i + c]! - v)).toBeLessThan(FLOAT32_TOLERANCE);
      }
      if (i < 4) expect([found[4 * i + 1], found[4 * i + 3]]).toEqual([0, 0]);
    }
    tf.dispose([logits, merged]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('returns the logits themselves where all classes were annotated', () => {
    const logits = logitsOf();
    expect(mergeUnannotated(logits, [info(), info([1, 2, 3])])).toBe(logits);
    logits.dispose();
  });

  it('gives the marginal loss: an unannotated class neither costs nor earns where there is no label', () => {
    const label = [0, 2, 0, 0, 0, 2, 0, 0];
    const cases = [info([2]), info([2])];
    // By hand: cross-entropy of {background or 1 or 3} against 2; Dice of 2, and 1 for the two that cannot be known.
    const p = Array.from({ length: 8 }, (_, i) => softmax(voxel(i))[2]!);
    const crossEntropy = p.reduce((sum, v, i) => sum - Math.log(label[i] === 2 ? v : 1 - v), 0) / 8;
    let dice = 0;
    for (const n of [0, 1]) {
      const own = p.slice(4 * n, 4 * n + 4);
      const overlap = own.reduce((sum, v, i) => sum + (label[4 * n + i] === 2 ? v : 0), 0);
      dice += (2 * overlap + 1e-5) / (own.reduce((a, b) => a + b, 0) + 1 + 1e-5) / 2;
    }
    const expected = crossEntropy + 1 - (dice + 2) / 3;
    tf.tidy(() => {
      const target = tf.tensor4d(label, [2, 1, 2, 2], 'int32');
      const loss = diceCrossEntropy(mergeUnannotated(logitsOf(), cases), target, { ignoreLabel: 255 });
      expect(Math.abs(loss.dataSync()[0]! - expected)).toBeLessThan(FLOAT32_TOLERANCE * 5);
    });
  });

  it('has the gradient of finite differences', () => {
    tf.tidy(() => {
      const target = tf.tensor4d([0, 2, 0, 255, 1, 0, 3, 0], [2, 1, 2, 2], 'int32');
      const cases = [info([2]), info([1, 3])];
      const loss = (x: tf.Tensor) =>
        diceCrossEntropy(mergeUnannotated(x as tf.Tensor5D, cases), target, { ignoreLabel: 255 });
      const gradient = tf.grad(loss)(logitsOf()).dataSync();
      const step = 1e-2;
      for (let i = 0; i < 32; i++) {
        const at = (d: number) => loss(logitsOf(values.map((v, k) => (k === i ? v + d : v)))).dataSync()[0]!;
        const difference = (at(step) - at(-step)) / (2 * step);
        expect(Math.abs(gradient[i]! - difference), `${i}`).toBeLessThan(DIFFERENCE_TOLERANCE);
      }
    });
  });
});
