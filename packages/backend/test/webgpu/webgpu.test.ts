import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConformanceResult } from '../../src/conformance/check-case.ts';
import { conforms } from '../../src/index.ts';
import { type GpuBackend, runProgram } from '../../src/webgpu/program.ts';

/** Chromium's software adapter, for machines without a GPU; its folder also holds the Vulkan loader. */
const chromium = '/usr/lib/chromium';
const swiftShader = join(chromium, 'libvk_swiftshader.so');
// Sums of at most a few thousand float32 products, relative to the largest sum.
const tolerance = 1e-5;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seg-webgpu-'));
  const icd = { file_format_version: '1.0.0', ICD: { library_path: swiftShader, api_version: '1.1.0' } };
  writeFileSync(join(folder, 'icd.json'), JSON.stringify(icd));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The loader reads its variables when a process starts, so the backend runs in one of its own.
function runChild(name: string, ...args: string[]) {
  const software = existsSync(swiftShader)
    ? { VK_DRIVER_FILES: join(folder, 'icd.json'), LD_LIBRARY_PATH: chromium }
    : {};
  const file = join(import.meta.dirname, name);
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@seg/source', '--no-warnings', file, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...software },
  });
  if (!stdout.includes('{')) throw new Error(stderr);
  const found = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
  const skipped = !existsSync(swiftShader) && found.absent ? `no WebGPU here: ${found.absent}` : undefined;
  if (skipped === undefined) expect(found.absent).toBe('');
  return { found, skipped };
}

const nothingLeft = { tensors: 0, bytes: 0 };

test('webgpu conforms in Node, and errors of the device are thrown', { timeout: 180_000 }, ({ skip }) => {
  const { found, skipped } = runChild('conform.ts');
  if (skipped !== undefined) skip(skipped);
  expect(found.wrong).toEqual([]);
  expect(found.left).toBe(0);
  expect(found.count).toBeGreaterThan(120);
  expect(found.thrown).toContain('cannot index type');
  expect(found.after).toEqual([1, 1]);
  expect(found.readSync).toContain('webgpu cannot be read synchronously');
});

test('convolutions of random shapes and their gradients are right and repeat', { timeout: 180_000 }, ({ skip }) => {
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

test('norms, pooling, resizing, the loss and sums of random shapes are right', { timeout: 180_000 }, ({ skip }) => {
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
