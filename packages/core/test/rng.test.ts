import fc from 'fast-check';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import { Rng } from '../src/index.ts';

/** Five standard errors: a fixed seed makes these tests exact, the bound says what would be suspicious. */
const SIGMAS = 5;

describe('Rng', () => {
  it('draws what xoroshiro128+ gives for its state', () => {
    const rng = Rng.fromState({ kind: 'xoroshiro128plus', words: [1, 2, 3, 4] });
    const reference = xoroshiro128plusFromState([1, 2, 3, 4]);
    const expected = [...Array(10)].map(() => reference.next() >>> 0);
    expect([...Array(10)].map(() => rng.uint32())).toEqual(expected);
  });

  it('continues exactly from a saved state, through JSON', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(50), (seed, skipped) => {
        const rng = Rng.fromSeed(seed);
        for (let i = 0; i < skipped; i++) rng.uniform();
        const copy = Rng.fromState(JSON.parse(JSON.stringify(rng.state)));
        for (let i = 0; i < 5; i++) expect(copy.uniform()).toBe(rng.uniform());
      }),
    );
  });

  it('forks by label without advancing, splits by advancing', () => {
    const rng = Rng.fromSeed(3);
    const before = rng.state;
    const a = rng.fork('a').uint32();
    expect(rng.state).toEqual(before);
    expect(rng.fork('a').uint32()).toBe(a);
    expect(rng.fork('b').uint32()).not.toBe(a);
    expect(rng.fork(1).uint32()).not.toBe(rng.fork('1').uint32());
    const s = rng.split().uint32();
    expect(rng.split().uint32()).not.toBe(s);
  });

  it('gives neighbouring seeds unrelated streams', () => {
    const n = 2000;
    const mean = [...Array(n).keys()].reduce((sum, seed) => sum + Rng.fromSeed(seed).uniform(), 0) / n;
    expect(Math.abs(mean - 0.5)).toBeLessThan(SIGMAS * Math.sqrt(1 / 12 / n));
    expect(new Set([...Array(n).keys()].map((seed) => Rng.fromSeed(seed).uint32())).size).toBe(n);
  });

  it('has the moments of its distributions', () => {
    const rng = Rng.fromSeed(1);
    const n = 20_000;
    const moments = (draw: () => number) => {
      const values = [...Array(n)].map(draw);
      const mean = values.reduce((a, b) => a + b, 0) / n;
      return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / n };
    };
    const uniform = moments(() => rng.uniform(2, 4));
    expect(Math.abs(uniform.mean - 3)).toBeLessThan(SIGMAS * Math.sqrt(1 / 3 / n));
    const normal = moments(() => rng.normal(1, 2));
    expect(Math.abs(normal.mean - 1)).toBeLessThan((SIGMAS * 2) / Math.sqrt(n));
    expect(Math.abs(normal.variance - 4)).toBeLessThan(SIGMAS * 4 * Math.sqrt(2 / n));
    const filled = rng.fillNormal(new Float32Array(n + 1), 1, 2);
    expect(Math.abs(filled.reduce((a, b) => a + b, 0) / n - 1)).toBeLessThan((SIGMAS * 2) / Math.sqrt(n));
    const coins = moments(() => Number(rng.bernoulli(0.3)));
    expect(Math.abs(coins.mean - 0.3)).toBeLessThan(SIGMAS * Math.sqrt(0.21 / n));
  });

  it('keeps its ranges', () => {
    const rng = Rng.fromSeed(5);
    const values = rng.fillUniform(new Float32Array(10_000), -1, 1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(1);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (bound) => {
        const draw = rng.integer(bound);
        return Number.isInteger(draw) && draw >= 0 && draw < bound;
      }),
    );
  });

  it('shuffles to permutations, each equally often', () => {
    const rng = Rng.fromSeed(9);
    const counts = new Map<string, number>();
    const n = 6000;
    for (let i = 0; i < n; i++) {
      const key = rng.shuffle([1, 2, 3]).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values())
      expect(Math.abs(count - 1000)).toBeLessThan(SIGMAS * Math.sqrt(n * (1 / 6) * (5 / 6)));
  });

  it('refuses what it cannot use', () => {
    expect(() => Rng.fromSeed(1.5)).toThrow(/Rng\.fromSeed/);
    expect(() => Rng.fromState({ kind: 'xoroshiro128plus', words: [0, 0, 0, 0] })).toThrow(/Rng\.fromState/);
    expect(() => Rng.fromSeed(1).integer(0)).toThrow(/bound/);
    expect(() => Rng.fromSeed(1).choice([])).toThrow(/nothing to choose/);
  });
});
