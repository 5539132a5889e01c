import { Rng } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  componentMedian,
  densityClusters,
  discriminantAxis,
  distanceToMedian,
  kMeansClusters,
  latentIsolation,
  latentNorm,
  principalAxes,
  project,
} from '../src/index.ts';

const ROUND_OFF = 1e-9;

/** Three clouds of 20 points, far apart for their spread. */
function clouds() {
  const rng = Rng.fromSeed(1);
  const centres = [
    [0, 0],
    [4, 0],
    [0, 5],
  ];
  const points = centres.flatMap((c) => Array.from({ length: 20 }, () => c.map((v) => v + rng.normal(0, 0.3))));
  return { points, truth: points.map((_, i) => Math.floor(i / 20)) };
}

describe('scores', () => {
  it('agree with hand-placed points', () => {
    const points = [
      [3, 4],
      [0, 0],
      [0, 1],
    ];
    expect(latentNorm(points)).toEqual([5, 0, 1]);
    expect(latentIsolation(points)[1]).toBeCloseTo((5 + 0 + 1) / 3, 12);
    expect(componentMedian(points)).toEqual([0, 1]);
    expect(distanceToMedian(points)[2]).toBe(0);
    expect(componentMedian([[1], [2], [4], [9]])).toEqual([3]);
  });

  it('refuses what is no set of points', () => {
    expect(() => latentNorm([])).toThrow(/latentNorm/);
    expect(() => latentIsolation([[1, 2], [3]])).toThrow(/latentIsolation/);
    expect(() => distanceToMedian([[Number.NaN]])).toThrow(/finite/);
  });
});

describe('axes', () => {
  it('finds the direction that points were spread along, whatever the rotation', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: Math.PI, noNaN: true }), (angle) => {
        const rng = Rng.fromSeed(7);
        const direction = [Math.cos(angle), Math.sin(angle)];
        const points = Array.from({ length: 200 }, () => {
          const [a, b] = [rng.normal(0, 3), rng.normal(0, 0.1)];
          return [1 + a * direction[0]! - b * direction[1]!, 2 + a * direction[1]! + b * direction[0]!];
        });
        const [axis] = principalAxes(points);
        const cosine = Math.abs(axis!.direction[0]! * direction[0]! + axis!.direction[1]! * direction[1]!);
        return cosine > 0.99 && axis!.explained > 0.99;
      }),
      { numRuns: 30 },
    );
  });

  it('explains all variance, with orthogonal unit directions', () => {
    const { points } = clouds();
    const axes = principalAxes(points);
    expect(axes.reduce((s, a) => s + a.explained, 0)).toBeCloseTo(1, 12);
    const dot = axes[0]!.direction.reduce((s, v, i) => s + v * axes[1]!.direction[i]!, 0);
    expect(Math.abs(dot)).toBeLessThan(ROUND_OFF);
    const along = project(points, axes[0]!);
    expect(Math.abs(along.reduce((a, b) => a + b, 0))).toBeLessThan(1e-6);
  });

  it('separates two groups along the discriminant even where the variance lies across it', () => {
    const rng = Rng.fromSeed(3);
    const labels = Array.from({ length: 100 }, (_, i) => i % 2 === 1);
    const points = labels.map((second) => [rng.normal(0, 10), rng.normal(second ? 1 : -1, 0.1)]);
    const axis = discriminantAxis(points, labels);
    expect(Math.abs(axis.direction[1]!)).toBeGreaterThan(0.99);
    const along = project(points, axis);
    expect(along.every((v, i) => v > 0 === labels[i])).toBe(true);
    expect(() =>
      discriminantAxis(
        points,
        labels.map(() => true),
      ),
    ).toThrow(/both groups/);
  });
});

describe('clusters', () => {
  it.each(['kMeansClusters', 'densityClusters'])('%s recovers separate clouds', (kind) => {
    const { points, truth } = clouds();
    const { clusters, centroids } = kind === 'kMeansClusters' ? kMeansClusters(points, 3) : densityClusters(points);
    expect(centroids.length).toBe(3);
    const pairs = new Set(clusters.map((c, i) => `${c}:${truth[i]}`).filter((p) => !p.startsWith('-1')));
    expect(pairs.size).toBe(3);
    expect(clusters.filter((c) => c === -1).length).toBeLessThan(6);
  });

  it('are the same for the same seed, and numbered by size', () => {
    const { points } = clouds();
    const shuffled = points.slice(0, 50);
    const a = kMeansClusters(shuffled, 3, { seed: 5 });
    expect(kMeansClusters(shuffled, 3, { seed: 5 })).toEqual(a);
    const sizes = a.centroids.map((_, c) => a.clusters.filter((k) => k === c).length);
    expect(sizes).toEqual([...sizes].sort((x, y) => y - x));
    expect(
      kMeansClusters(
        [
          [1, 2],
          [3, 4],
        ],
        2,
      ).centroids.length,
    ).toBe(2);
    expect(() => kMeansClusters(points, 0)).toThrow(/k must be/);
    expect(() => kMeansClusters(points, 2, { restarts: 0 })).toThrow(/restarts must be/);
    expect(() => densityClusters(points, { radius: 0 })).toThrow(/radius must be positive/);
    expect(() => densityClusters(points, { minPoints: 0 })).toThrow(/minPoints a positive integer/);
  });
});
