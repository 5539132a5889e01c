import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isSegError } from '@seg/core';
import { afterEach, describe, expect, test } from 'vitest';
import { ThreadPool } from '../../src/runtime/thread-pool.ts';

// (module (import "env" "memory" (memory 1 1 shared))
//   (func (export "store") (param $at i32) (param $value f64) (f64.store (local.get $at) (local.get $value)))
//   (func (export "trap") unreachable))
const binary = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 9, 2, 96, 2, 127, 124, 0, 96, 0, 0],
  ...[2, 16, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 3, 1, 1, 3, 3, 2, 0, 1],
  ...[7, 16, 2, 5, 115, 116, 111, 114, 101, 0, 0, 4, 116, 114, 97, 112, 0, 1],
  ...[10, 15, 2, 9, 0, 32, 0, 32, 1, 57, 3, 0, 11, 3, 0, 0, 11],
]);

async function start(threads: number) {
  const module = new WebAssembly.Module(binary);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, () => void>;
  const pool = await ThreadPool.start(threads, [module], memory);
  const run = (name: string, parts: number, args: (part: number, parts: number) => number[], scratchStride = 0) =>
    pool.run({
      moduleIndex: 0,
      functionIndex: Object.keys(exports).sort().indexOf(name),
      parts,
      args,
      call: exports[name]!,
      scratchPointer: 32_768,
      scratchStride,
    });
  return { pool, run, values: new Float64Array(memory.buffer) };
}

describe('thread pool', () => {
  let pool: ThreadPool | undefined;
  afterEach(() => pool?.dispose());

  test.each([2, 3, 5])('%i threads run every part once, with its own arguments', async (threads) => {
    const started = await start(threads);
    pool = started.pool;
    expect(pool.threads).toBe(threads);
    for (let round = 1; round <= 200; round++) {
      const parts = (round * 37) % 400;
      started.values.fill(-1);
      started.run('store', parts, (part, of) => [part * 8, part + of / 1024 + round]);
      const expected = Array.from({ length: parts }, (_, part) => part + parts / 1024 + round);
      expect([...started.values.subarray(0, parts)]).toEqual(expected);
      expect(started.values[parts]).toBe(-1);
    }
  });

  test('more parts than fit at once are run in turns', async () => {
    const started = await start(2);
    pool = started.pool;
    started.run('store', 3000, (part) => [part * 8, part]);
    expect(started.values[2999]).toBe(2999);
  });

  test('a kernel that traps is an error, and the pool works on', async () => {
    const started = await start(2);
    pool = started.pool;
    for (let i = 0; i < 20; i++) {
      expect(() => started.run('trap', 4, () => [])).toThrow();
      started.run('store', 4, (part) => [part * 8, i]);
      expect([...started.values.subarray(0, 4)]).toEqual([i, i, i, i]);
    }
  });

  test('its errors are ours where a worker traps', async () => {
    const started = await start(2);
    pool = started.pool;
    const caught: unknown[] = [];
    for (let i = 0; i < 50; i++) {
      try {
        started.run('trap', 64, () => []);
      } catch (error) {
        caught.push(error);
      }
    }
    expect(caught).toHaveLength(50);
    expect(caught.every((e) => e instanceof WebAssembly.RuntimeError || isSegError(e, 'internal'))).toBe(true);
  });
});

test('idle workers neither keep a process alive nor burn time', () => {
  const entry = JSON.stringify(join(import.meta.dirname, '../../src/index.ts'));
  const program = `
    const { startBackend } = await import(${entry});
    await startBackend({ name: 'wasm', threads: 3 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);
  `;
  const args = ['--conditions=@seg/source', '--no-warnings', '--input-type=module', '-e', program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  // Two busy workers would use 800 ms of processor time in that window.
  expect(Number(stdout)).toBeLessThan(200);
});
