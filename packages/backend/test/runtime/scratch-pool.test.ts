import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScratchPool } from '../../src/runtime/scratch-pool.ts';

/** A heap that hands out ever higher addresses and knows what is taken. */
function heap() {
  const taken = new Map<number, number>();
  let top = 1000;
  return {
    taken,
    malloc(bytes: number) {
      const at = top;
      top += bytes + 8;
      taken.set(at, bytes);
      return at;
    },
    free(pointer: number) {
      if (!taken.delete(pointer)) throw new Error('freed what was not taken');
    },
  };
}

test('blocks are aligned, apart from one another, large enough, and bounded when idle', () => {
  const limit = 100_000;
  const sizes = fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.nat(7)), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(sizes, (requests) => {
      const memory = heap();
      const pool = new ScratchPool(memory, limit);
      const lent: { pointer: number; bytes: number; release: () => void }[] = [];
      for (const [bytes, action] of requests) {
        if (action < 3 && lent.length > 0) {
          const block = lent.splice(action % lent.length, 1)[0]!;
          block.release();
          block.release();
        }
        const block = { ...pool.borrow(bytes), bytes };
        expect(block.pointer % 64).toBe(0);
        const inside = [...memory.taken].some(
          ([at, size]) => at <= block.pointer && block.pointer + bytes <= at + size,
        );
        expect(inside).toBe(true);
        for (const other of lent) {
          expect(block.pointer + bytes <= other.pointer || other.pointer + other.bytes <= block.pointer).toBe(true);
        }
        lent.push(block);
        expect(pool.use().idleBytes).toBeLessThanOrEqual(limit);
      }
      for (const block of lent) block.release();
      expect(pool.use().lentBytes).toBe(0);
      pool.clear();
      expect(memory.taken.size).toBe(0);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('a released block is used again', () => {
  const memory = heap();
  const pool = new ScratchPool(memory, 1 << 20);
  const first = pool.borrow(10_000);
  const { pointer } = first;
  first.release();
  expect(pool.borrow(9_000).pointer).toBe(pointer);
  expect(memory.taken.size).toBe(1);
});
