import type { Triple } from '@seg/core';

/** Centre of gravity (z, y, x) of each foreground class in [0, 1] of the volume, by class; classes not there are left out. */
export type ClassCentres = ReadonlyMap<number, Triple>;

/** Where the classes of a label map lie. */
export function classCentres(label: ArrayLike<number>, [depth, height, width]: Triple): ClassCentres {
  const sums = new Map<number, [number, number, number, number]>();
  for (let z = 0, i = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const value = label[i]!;
        if (value === 0) continue;
        let sum = sums.get(value);
        if (sum === undefined) sums.set(value, (sum = [0, 0, 0, 0]));
        sum[0] += z;
        sum[1] += y;
        sum[2] += x;
        sum[3]++;
      }
    }
  }
  return new Map(
    [...sums].map(([value, [z, y, x, n]]) => [value, [z / n / depth, y / n / height, x / n / width] as const]),
  );
}

/** Part of the cases in which two classes must come in the same order along an axis for the order to mean something. */
const CONSISTENT = 0.9;
/** Mean distance, as a part of the volume, below which the order of two classes is chance. */
const APART = 0.05;
const MIN_CASES = 3;

/**
 * The axes (0 = z) along which images may be mirrored without confusing classes: those along which no two classes come
 * in the same order in nearly all cases.
 *
 * Left and right kidneys, or the front and the back of an organ, differ by their place alone; a network that is trained
 * on mirrored images cannot tell them apart by it.
 */
export function mirrorableAxes(cases: readonly ClassCentres[]): readonly number[] {
  const classes = [...new Set(cases.flatMap((centres) => [...centres.keys()]))].sort((a, b) => a - b);
  const isOrdered = (axis: 0 | 1 | 2, first: number, second: number): boolean => {
    const differences = cases.flatMap((centres) => {
      const [a, b] = [centres.get(first), centres.get(second)];
      return a === undefined || b === undefined ? [] : [b[axis] - a[axis]];
    });
    if (differences.length < MIN_CASES) return false;
    const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length;
    const same = differences.filter((d) => Math.sign(d) === Math.sign(mean)).length;
    return Math.abs(mean) >= APART && same >= CONSISTENT * differences.length;
  };
  const pairs = classes.flatMap((a, i) => classes.slice(i + 1).map((b) => [a, b] as const));
  return ([0, 1, 2] as const).filter((axis) => !pairs.some(([a, b]) => isOrdered(axis, a, b)));
}
