import { totalmem } from 'node:os';
import { startBackend } from '@seg/backend';
import { expect, it } from 'vitest';
import { parseMebibytes } from '../src/native/gpu-memory.ts';
import { systemMemoryBytes } from '../src/runtime/system-memory.ts';

it('wasm has its address space at most, and no tensor above what its allocator can place', async () => {
  const backend = await startBackend({ name: 'wasm', threads: 1 });
  const { memoryBytes, tensorBytes, gflopPerSecond } = backend.capacity;
  expect(memoryBytes).toBeLessThanOrEqual(Math.min(2 ** 32, totalmem()));
  expect(memoryBytes).toBeGreaterThan(2 ** 28);
  expect(tensorBytes).toBe(320 * 2 ** 20);
  backend.dispose();
  const cpu = await startBackend({ name: 'cpu' });
  // A budget of steps has the same plan on both.
  expect(cpu.capacity.gflopPerSecond).toBe(gflopPerSecond);
  expect(cpu.capacity.memoryBytes).toBe(systemMemoryBytes());
  cpu.dispose();
});

it('reads what nvidia-smi says', () => {
  expect(parseMebibytes('143771\n')).toBe(143771 * 2 ** 20);
  expect(parseMebibytes('8192\n24576\n')).toBe(8192 * 2 ** 20);
  for (const text of ['[N/A]\n', '', 'No devices were found\n', '0\n']) expect(parseMebibytes(text)).toBeUndefined();
});
