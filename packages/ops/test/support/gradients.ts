import { Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** Values in float64 with a shape: what the reference loops work on. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function randomValues(shape: readonly number[], seed: number): Values {
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  Rng.fromSeed(seed).fillNormal(data);
  return { shape, data: Float64Array.from(data, Math.fround) };
}

export function toTensor({ shape, data }: Values): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

// float32 sums of at most a few thousand products of order 1.
const forwardTolerance = 1e-5;
// The same through two such sums; the central differences themselves are exact to about 1e-8 in float64.
const gradientTolerance = 5e-5;

/** Largest difference relative to the largest expected magnitude. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  let largest = 1e-12;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(got[i]! - expected[i]!);
    if (!(difference <= worst)) worst = difference; // NaN counts as worst
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / largest;
}

export interface OpCheck {
  readonly inputs: readonly Values[];
  /** The op under test. */
  readonly op: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Plain float64 loops, written independently. */
  readonly reference: (...inputs: Values[]) => Values;
  /** Which inputs have a gradient; default all. */
  readonly differentiable?: readonly number[];
}

/**
 * Compares an op with a float64 reference, and its gradients with central differences of that reference, for a random
 * linear function of the output; asserts that nothing leaks.
 */
export function checkOp({ inputs, op, reference, differentiable }: OpCheck): void {
  const before = tf.memory().numTensors;
  const expected = reference(...inputs);
  const tensors = inputs.map(toTensor);
  const y = op(...tensors);
  expect(y.shape).toEqual([...expected.shape]);
  expect(relativeError(y.dataSync(), expected.data)).toBeLessThan(forwardTolerance);
  y.dispose();

  const direction = randomValues(expected.shape, 99);
  const dy = toTensor(direction);
  const wanted = differentiable ?? inputs.map((_, i) => i);
  const gradient = tf.grads((...chosen: tf.Tensor[]) => {
    const all = tensors.map((t, i) => chosen[wanted.indexOf(i)] ?? t);
    return op(...all);
  });
  const grads = gradient(
    wanted.map((i) => tensors[i]!),
    dy,
  );
  wanted.forEach((index, i) => {
    const numeric = centralDifferences(reference, inputs, index, direction);
    expect(grads[i]!.shape).toEqual([...inputs[index]!.shape]);
    expect(relativeError(grads[i]!.dataSync(), numeric), `gradient of input ${index}`).toBeLessThan(gradientTolerance);
  });
  for (const t of [...tensors, ...grads, dy]) t.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

function centralDifferences(
  reference: OpCheck['reference'],
  inputs: readonly Values[],
  index: number,
  direction: Values,
): Float64Array {
  const step = 1e-4;
  const { shape, data } = inputs[index]!;
  const dot = (y: Values) => y.data.reduce((sum, v, i) => sum + v * direction.data[i]!, 0);
  return data.map((value, i) => {
    const at = (v: number) => {
      const moved = data.slice();
      moved[i] = v;
      return dot(reference(...inputs.map((x, j) => (j === index ? { shape, data: moved } : x))));
    };
    return (at(value + step) - at(value - step)) / (2 * step);
  });
}
