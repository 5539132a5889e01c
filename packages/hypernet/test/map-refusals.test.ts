import { isSegError, type Triple } from '@seg/core';
import { describe, expect, it } from 'vitest';
import {
  areaAverage,
  chooseClusters,
  correctLabel,
  disagreement,
  discriminantAxis,
  kMeansClusters,
  project,
  restoreMask,
} from '../src/index.ts';

/** Six points about two places. */
const points = [
  [0, 0],
  [0, 1],
  [1, 0],
  [9, 9],
  [9, 8],
  [8, 9],
];

/** The SegError that is thrown, as its code, its function and its message. */
function refusal(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (isSegError(error)) return [error.code, error.where, error.message] as const;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('clusterings', () => {
  it.each([Number.NaN, 0.5, Number.POSITIVE_INFINITY])('refuse the seed %s', (seed) => {
    const [code, where, message] = refusal(() => kMeansClusters(points, 2, { seed }));
    expect([code, where]).toEqual(['invalid-argument', 'kMeansClusters']);
    expect(message).toContain(`got ${seed}, expected a safe integer`);
    expect(refusal(() => chooseClusters(points, { seed })).slice(0, 2)).toEqual(['invalid-argument', 'chooseClusters']);
  });

  it.each([Number.NaN, -1, 0, 2.5])('refuse %s as the most clusters', (most) => {
    const [code, where, message] = refusal(() => chooseClusters(points, { most }));
    expect([code, where]).toEqual(['invalid-argument', 'chooseClusters']);
    expect(message).toContain(`got ${most}, expected an integer from 1 up`);
  });

  it('take any safe integer for a seed, and one cluster where one is asked for', () => {
    expect(kMeansClusters(points, 2, { seed: -(2 ** 40) }).clusters).toEqual([0, 0, 0, 1, 1, 1]);
    expect(chooseClusters(points).centroids.length).toBe(2);
    expect(chooseClusters(points, { most: 1 }).centroids.length).toBe(1);
    expect(refusal(() => chooseClusters([]))[1]).toBe('chooseClusters');
  });
});

describe('axes', () => {
  const axis = { direction: [0.6, 0.8], centre: [1, 2] };

  it('give coordinates along them, and none for no points', () => {
    expect(project([[2, 4]], axis)[0]).toBeCloseTo(0.6 + 1.6, 12);
    expect(project([], axis)).toEqual([]);
  });

  it('refuse points of another size, and numbers that are none', () => {
    const [code, where, message] = refusal(() => project([[1, 2, 3]], axis));
    expect([code, where]).toEqual(['shape-mismatch', 'project']);
    expect(message).toContain('got [2,2], expected 3');
    expect(refusal(() => project(points, { ...axis, centre: [1] }))[0]).toBe('shape-mismatch');
    expect(refusal(() => project(points, { ...axis, centre: [1, Number.NaN] }))[0]).toBe('invalid-argument');
    expect(refusal(() => project([[1, Number.NaN]], axis))[0]).toBe('invalid-argument');
  });

  it('refuse groups for another number of points, and ridges out of range', () => {
    const groups = points.map((_, i) => i > 2);
    expect(refusal(() => discriminantAxis(points, groups.slice(1))).slice(0, 2)).toEqual([
      'shape-mismatch',
      'discriminantAxis',
    ]);
    for (const ridge of [Number.NaN, -1])
      expect(refusal(() => discriminantAxis(points, groups, { ridge }))[0]).toBe('invalid-argument');
  });
});

describe('grids', () => {
  const grid = { shape: [1, 2, 2] as Triple, start: [0, 0, 0] as Triple, size: [1, 2, 2] as Triple };
  const scan: Triple = [1, 4, 4];

  it.each([
    ['restoreMask', 'probabilities', () => restoreMask(new Float32Array(3), grid, scan), 'got 3, expected 4'],
    ['areaAverage', 'data', () => areaAverage(new Float32Array(15), scan, grid), 'got 15, expected 16'],
    ['areaAverage', 'data', () => areaAverage(new Float32Array(32), scan, grid), 'got 32, expected 16'],
  ])('%s refuses %s of another size', (name, what, run, numbers) => {
    const [code, where, message] = refusal(run);
    expect([code, where]).toEqual(['shape-mismatch', name]);
    expect(message).toContain(what);
    expect(message).toContain(numbers);
  });

  it.each<[string, object, Triple]>([
    ['a cell without extent', { size: [1, 0, 2] }, scan],
    ['a size that is no number', { size: [1, Number.NaN, 2] }, scan],
    ['a start that is no number', { start: [0, Number.NaN, 0] }, scan],
    ['a grid without cells', { shape: [1, 0, 4] }, scan],
    ['a grid of two axes', { shape: [2, 2] }, scan],
    ['a volume of broken size', {}, [1, 1.5, 4]],
  ])('refuse %s', (_, change, shape) => {
    const changed = { ...grid, ...change };
    expect(refusal(() => restoreMask(new Float32Array(4), changed, shape)).slice(0, 2)).toEqual([
      'invalid-argument',
      'restoreMask',
    ]);
    expect(refusal(() => areaAverage(new Float32Array(16), shape, changed)).slice(0, 2)).toEqual([
      'invalid-argument',
      'areaAverage',
    ]);
  });

  it('restoreMask refuses probabilities that are no numbers, which it would call background', () => {
    const [code, where, message] = refusal(() => restoreMask(Float32Array.of(0, 1, Number.NaN, 1), grid, scan));
    expect([code, where]).toEqual(['invalid-argument', 'restoreMask']);
    expect(message).toContain('probability 2');
  });

  it('refuse an outside that is no number', () => {
    expect(refusal(() => areaAverage(new Float32Array(16), scan, grid, Number.NaN))[0]).toBe('invalid-argument');
  });
});

describe('correctLabel', () => {
  const shape = [1, 1, 3] as const;
  const given = Uint8Array.of(0, 1, 0);

  it.each([[[]], [[0]], [[-1]], [[1.5]], [[1, Number.NaN]]])('refuses the labels %j', (labels) => {
    const [code, where] = refusal(() => correctLabel(given, Uint8Array.of(0, 1, 1), { shape, labels }));
    expect([code, where]).toEqual(['invalid-argument', 'correctLabel']);
  });

  it.each([2, 7, 254])('refuses the predicted value %d, which would remove voxels', (value) => {
    const [code, where, message] = refusal(() => correctLabel(given, Uint8Array.of(0, value, 255), { shape }));
    expect([code, where]).toEqual(['invalid-argument', 'correctLabel']);
    expect(message).toContain(`got ${value}, expected 0, 1, or 255`);
  });

  it.each([
    [300, Int16Array],
    [70_000, Int32Array],
    [255, Uint8Array],
  ])('fills an empty label with %d, in a type that holds it', (value, type) => {
    const { corrected, map } = correctLabel(new Uint8Array(3), Uint8Array.of(0, 1, 255), { shape, labels: [value] });
    expect(corrected).toEqual(type.of(0, value, 0));
    expect([...map]).toEqual([disagreement.background, disagreement.added, disagreement.notSeen]);
  });
});
