import { Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/** Float32 results of short float32 chains against float64 loops, relative to the largest expected value. */
export const elementTolerance = 2e-6;
/** Results that went through sums over a volume (statistics, gradients of parameters). */
export const sumTolerance = 2e-5;

/** Runs a kernel of the current backend by name. */
export function runKernel(name: string, inputs: Record<string, tf.Tensor>, attrs: object): tf.Tensor[] {
  const result = tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as unknown as tf.Tensor | tf.Tensor[];
  return Array.isArray(result) ? result : [result];
}

/** Normal values rounded to float32, so that references start from the same numbers. */
export function normals(seed: number, count: number, mean = 0, spread = 1): Float32Array {
  const rng = Rng.fromSeed(seed);
  return Float32Array.from({ length: count }, () => mean + spread * rng.normal());
}

export function volumeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Largest difference relative to the largest expected value; infinite when lengths differ or NaN turns up. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let largest = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    const e = Math.abs(found[i]! - expected[i]!);
    if (Number.isNaN(e)) return Number.POSITIVE_INFINITY;
    error = Math.max(error, e);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return error / largest;
}
