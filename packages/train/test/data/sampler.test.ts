import { Rng } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundHalfEven, StreamSampler } from '../../src/data/sampler.ts';
import type { CaseInfo } from '../../src/data/training-case.ts';

const infos: CaseInfo[] = Array.from({ length: 7 }, (_, i) => ({
  id: `c${i}`,
  labelled: i < 5,
  dataset: i < 4 ? 'large' : 'small',
}));
const defaults = { patchSize: [8, 8, 8], foregroundFraction: 1 / 3 } as const;

describe('StreamSampler', () => {
  it('visits every labelled case once in each pass, in an order that changes', () => {
    const sampler = new StreamSampler('train', { batchSize: 2 }, infos, 1, defaults);
    const drawn = Array.from({ length: 25 }, (_, step) => sampler.requests(step).map((r) => r.caseIndex)).flat();
    const passes = Array.from({ length: 10 }, (_, p) => drawn.slice(5 * p, 5 * p + 5));
    for (const pass of passes) expect([...pass].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(passes.map((pass) => pass.join())).size).toBeGreaterThan(5);
  });

  it('is a function of seed, stream and step, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 9 }), (step, seed) => {
        const used = new StreamSampler('train', { batchSize: 3 }, infos, seed, defaults);
        used.requests(3);
        used.requests(400);
        const fresh = new StreamSampler('train', { batchSize: 3 }, infos, seed, defaults);
        expect(used.requests(step)).toEqual(fresh.requests(step));
      }),
      { numRuns: 50 },
    );
    const other = new StreamSampler('other', { batchSize: 3 }, infos, 1, defaults);
    const train = new StreamSampler('train', { batchSize: 3 }, infos, 1, defaults);
    expect(other.requests(0)).not.toEqual(train.requests(0));
  });

  it('gives every sample random numbers of its own', () => {
    const sampler = new StreamSampler('train', { batchSize: 4 }, infos, 1, defaults);
    const states = Array.from({ length: 50 }, (_, step) => sampler.requests(step)).flat();
    expect(new Set(states.map(({ rng }) => Rng.fromState(rng).uint32())).size).toBe(200);
  });

  it("forces foreground where nnU-Net's rounding puts it", () => {
    const forced = (batchSize: number, foregroundFraction: number) =>
      new StreamSampler('s', { batchSize, foregroundFraction }, infos, 0, defaults)
        .requests(0)
        .map(({ foreground }) => foreground);
    expect(forced(2, 0.33)).toEqual([false, true]);
    expect(forced(3, 0.33)).toEqual([false, false, true]);
    expect(forced(4, 0.33)).toEqual([false, false, false, true]);
    expect(forced(2, 0)).toEqual([false, false]);
    expect(forced(2, 1)).toEqual([true, true]);
  });

  it('draws weighted cases in proportion', () => {
    const weight = ({ dataset }: CaseInfo, all: readonly CaseInfo[]) =>
      1 / Math.sqrt(all.filter((other) => other.dataset === dataset).length);
    const sampler = new StreamSampler('train', { batchSize: 4, cases: () => true, weight }, infos, 5, defaults);
    const counts = new Array(infos.length).fill(0);
    const draws = 4 * 1000;
    for (let step = 0; step < 1000; step++) for (const { caseIndex } of sampler.requests(step)) counts[caseIndex]++;
    // Four cases at 1/2 and three at 1/sqrt(3): the large set has 2 / (2 + sqrt(3)) of the draws.
    const expected = 2 / (2 + Math.sqrt(3));
    const large = counts.slice(0, 4).reduce((a, b) => a + b, 0) / draws;
    const sd = Math.sqrt((expected * (1 - expected)) / draws);
    expect(Math.abs(large - expected)).toBeLessThan(4 * sd);
  });

  it('refuses streams without cases and weights that are none', () => {
    expect(() => new StreamSampler('u', { batchSize: 1, cases: () => false }, infos, 0, defaults)).toThrow(
      /no training case takes part/,
    );
    expect(() => new StreamSampler('u', { batchSize: 1, weight: () => Number.NaN }, infos, 0, defaults)).toThrow(
      /weight/,
    );
    expect(() => new StreamSampler('u', { batchSize: 0 }, infos, 0, defaults)).toThrow(/batchSize/);
  });
});

it('roundHalfEven rounds as NumPy', () => {
  expect([0.5, 1.5, 2.5, 2.4, 2.6, 1.34, 3].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3, 1, 3]);
});
