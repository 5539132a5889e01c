import { Rng, type Triple } from '@seg/core';
import { classCentres, mirrorableAxes } from '@seg/train';
import { describe, expect, it } from 'vitest';

describe('classCentres', () => {
  it('gives centres of gravity as parts of the volume', () => {
    const label = new Uint8Array(2 * 4 * 5);
    label[0] = 1; // (0, 0, 0)
    label[4] = 1; // (0, 0, 4)
    label[20 + 15 + 2] = 7; // (1, 3, 2)
    expect(classCentres(label, [2, 4, 5])).toEqual(
      new Map([
        [1, [0, 0, 2 / 5]],
        [7, [1 / 2, 3 / 4, 2 / 5]],
      ]),
    );
  });
});

describe('mirrorableAxes', () => {
  const rng = Rng.fromSeed(3);
  const cases = (count: number, second: (i: number) => Triple) =>
    Array.from({ length: count }, (_, i) => {
      const jitter = () => rng.uniform(-0.02, 0.02);
      const [z, y, x] = second(i);
      return new Map<number, Triple>([
        [1, [0.5, 0.5, 0.5]],
        [2, [z + jitter(), y + jitter(), x + jitter()]],
      ]);
    });

  it('leaves out the axis along which classes are always in order', () => {
    expect(mirrorableAxes(cases(20, () => [0.5, 0.8, 0.5]))).toEqual([0, 2]);
  });

  it('keeps an axis along which the order changes from case to case', () => {
    expect(mirrorableAxes(cases(20, (i) => [0.2, 0.5, i % 2 === 0 ? 0.3 : 0.7]))).toEqual([1, 2]);
  });

  it('allows all axes for one class, for too few cases and without labels', () => {
    expect(mirrorableAxes([new Map([[1, [0.1, 0.1, 0.1]]])])).toEqual([0, 1, 2]);
    expect(mirrorableAxes(cases(2, () => [0.9, 0.9, 0.9]))).toEqual([0, 1, 2]);
    expect(mirrorableAxes([])).toEqual([0, 1, 2]);
  });
});
