import { beforeEach, expect, test } from 'vitest';
import { WeightCache } from '../../src/conv/weight-cache.ts';
import type { KernelRuntime } from '../../src/runtime/kernel-runtime.ts';

let lent: Set<number>;
let fillMemory: () => void;
let cache: WeightCache;
const [kept, other] = [{}, {}];

beforeEach(() => {
  lent = new Set();
  let next = 64;
  const runtime: Partial<KernelRuntime> = {
    scratch: (bytes) => {
      const pointer = next;
      next += bytes;
      lent.add(pointer);
      return { pointer, release: () => lent.delete(pointer) };
    },
    version: () => 0,
    onDispose: () => undefined,
    onMemoryFull: (fn) => {
      fillMemory = fn;
    },
  };
  cache = new WeightCache(runtime as KernelRuntime, 1000);
});

const nothing = () => undefined;
const fail = () => {
  throw new Error('no memory');
};

test('a block whose weights cannot be written goes back', () => {
  for (const bytes of [100, 2000]) expect(() => cache.with(kept, 'packed', bytes, fail, nothing)).toThrow('no memory');
  expect(() => cache.with(undefined, 'packed', 100, fail, nothing)).toThrow('no memory');
  expect([lent.size, cache.bytes]).toEqual([0, 0]);
  // It is not taken for written afterwards.
  let fills = 0;
  cache.with(kept, 'packed', 100, () => fills++, nothing);
  cache.with(kept, 'packed', 100, () => fills++, nothing);
  expect([fills, lent.size, cache.bytes]).toEqual([1, 1, 100]);
});

test('a full memory takes all blocks but the one in use', () => {
  cache.with(other, 'packed', 100, nothing, nothing);
  cache.with(kept, 'packed', 200, nothing, (pointer) => {
    fillMemory();
    expect([...lent]).toEqual([pointer]);
    expect(cache.bytes).toBe(200);
  });
  fillMemory();
  expect([lent.size, cache.bytes]).toEqual([0, 0]);
});

test('a block stays in use until its use has failed, too', () => {
  expect(() => cache.with(kept, 'packed', 200, nothing, fail)).toThrow('no memory');
  fillMemory();
  expect([lent.size, cache.bytes]).toEqual([0, 0]);
});
