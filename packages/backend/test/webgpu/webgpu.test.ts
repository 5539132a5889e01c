import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ConformanceResult } from '../../src/conformance/check-case.ts';
import { conforms } from '../../src/index.ts';
import { type GpuBackend, runProgram } from '../../src/webgpu/program.ts';
import { softwareAdapter } from './software-adapter.ts';

// Sums of at most a few thousand float32 products, relative to the largest sum.
const tolerance = 1e-5;
const software = softwareAdapter();
afterAll(software.remove);

function runChild(name: string, ...args: string[]) {
  const file = join(import.meta.dirname, name);
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@seg/source', '--no-warnings', file, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...software.env },
  });
  if (!stdout.includes('{')) throw new Error(stderr);
  const found = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
  const skipped = !software.exists && found.absent ? `no WebGPU here: ${found.absent}` : undefined;
  if (skipped === undefined) expect(found.absent).toBe('');
  return { found, skipped };
}

const nothingLeft = { tensors: 0, bytes: 0 };

test('webgpu conforms in Node, and errors of the device are thrown', { timeout: 300_000 }, ({ skip }) => {
  const { found, skipped } = runChild('conform.ts');
  if (skipped !== undefined) skip(skipped);
  expect(found.wrong).toEqual([]);
  expect(found.left).toBe(0);
  expect(found.count).toBeGreaterThan(120);
  expect(found.thrown).toContain('cannot index type');
  expect(found.after).toEqual([1, 1]);
  expect(found.readSync).toContain('webgpu cannot be read synchronously');
});

test('convolutions of random shapes and their gradients are right and repeat', { timeout: 300_000 }, ({ skip }) => {
  const { found, skipped } = runChild('fuzz.ts', '40', '1');
  if (skipped !== undefined) skip(skipped);
  const results = found.results as { [error: string]: number; repeats: number }[];
  expect(results.length).toBe(40);
  const bad = results.filter(
    ({ forward, inputGradient, filterGradient, repeats }) =>
      !(Math.max(forward!, inputGradient!, filterGradient!) < tolerance && repeats),
  );
  expect(bad).toEqual([]);
  expect(found.left).toEqual(nothingLeft);
});

test('norms, pooling, resizing, the loss and sums of random shapes are right', { timeout: 300_000 }, ({ skip }) => {
  const { found, skipped } = runChild('fuzz-ops.ts', '5', '1');
  if (skipped !== undefined) skip(skipped);
  const results = found.results as ConformanceResult[];
  expect(results.length).toBe(31);
  expect(results.filter((result) => !conforms(result))).toEqual([]);
  expect(found.left).toEqual(nothingLeft);
});

test('a tensor that the device cannot bind is refused', () => {
  const tensor = { dataId: {}, dtype: 'float32' as const, shape: [5, 6] };
  const backend = { device: { limits: { maxStorageBufferBindingSize: 119 } } } as unknown as GpuBackend;
  const run = { name: 'test', source: () => '', constants: {}, inputs: {}, output: tensor, groups: 1 };
  expect(() => runProgram(backend, run)).toThrow('a tensor is larger than this device can bind');
});
