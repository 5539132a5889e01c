import { Rng } from '@seg/core';

/** Numbers in float64 with a shape: what the reference loops work on. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Normal numbers that float32 holds exactly, the same for the same seed. */
export function randomValues(shape: readonly number[], seed: number): Values {
  const data = new Float64Array(sizeOf(shape));
  Rng.fromSeed(seed).fillNormal(data);
  return { shape, data: data.map(Math.fround) };
}

/** As `randomValues`, from 0.5 up: for logarithms, roots and divisors. */
export function positiveValues(shape: readonly number[], seed: number): Values {
  const { data } = randomValues(shape, seed);
  return { shape, data: data.map((v) => Math.fround(0.5 + Math.abs(v))) };
}

/** Whole numbers 0 .. below - 1. */
export function wholeValues(shape: readonly number[], below: number, seed: number): Values {
  const rng = Rng.fromSeed(seed);
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => rng.uint32() % below) };
}

/** Shuffled numbers that lie 1/64 apart, all negative: a maximum is far from its rivals, and padding must not win. */
export function distinctValues(shape: readonly number[], seed: number): Values {
  const rng = Rng.fromSeed(seed);
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => -(i + 1) / 64);
  for (let i = data.length - 1; i > 0; i--) {
    const j = rng.uint32() % (i + 1);
    [data[i], data[j]] = [data[j]!, data[i]!];
  }
  return { shape, data };
}

/** Builds values from a function of the index along each axis. */
export function byIndex(shape: readonly number[], value: (index: readonly number[]) => number): Values {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { shape, data };
}

/** The element at an index. */
export function at({ shape, data }: Values, index: readonly number[]): number {
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) offset = offset * shape[axis]! + index[axis]!;
  return data[offset]!;
}

/** Element by element. */
export const map = ({ shape, data }: Values, f: (v: number, i: number) => number): Values => ({
  shape,
  data: data.map(f),
});
