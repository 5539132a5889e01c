import { SegError } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';

/** Three numbers in (depth, height, width) order. */
export type Size3 = readonly [number, number, number];

/** Requires rank 5 (NDHWC) with no empty axis. */
export function checkRank5(where: string, name: string, x: tf.Tensor): void {
  if (x?.rank === 5 && x.size > 0) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: `${name} must be a non-empty tensor [N, D, H, W, C]`,
    got: x?.shape,
    hint: 'Give 2-D images a depth of 1.',
  });
}

/** Requires a vector of the given length. */
export function checkVector(where: string, name: string, x: tf.Tensor, length: number): void {
  if (x?.rank === 1 && x.shape[0] === length) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: `${name} must have one value a channel`,
    got: x?.shape,
    expected: [length],
  });
}

/** One number for all axes or three, each an integer of at least `least`. */
export function toSize3(where: string, name: string, value: number | Size3, least = 1): Size3 {
  const size = typeof value === 'number' ? ([value, value, value] as const) : value;
  if (Array.isArray(size) && size.length === 3 && size.every((v) => Number.isInteger(v) && v >= least)) return size;
  throw new SegError('invalid-argument', {
    where,
    problem: `${name} must be an integer or three of at least ${least}`,
    got: value,
  });
}

/** Requires a finite number in a range, ends included. */
export function checkRange(where: string, name: string, value: number, low: number, high: number): number {
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw new SegError('invalid-argument', {
    where,
    problem: `${name} is out of range`,
    got: value,
    expected: `${low} to ${high}`,
  });
}
