import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Chromium's software adapter, for machines without a GPU; its folder also holds the Vulkan loader. */
const chromium = '/usr/lib/chromium';
const swiftShader = join(chromium, 'libvk_swiftshader.so');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seg-webgpu-'));
  const icd = { file_format_version: '1.0.0', ICD: { library_path: swiftShader, api_version: '1.1.0' } };
  writeFileSync(join(folder, 'icd.json'), JSON.stringify(icd));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The loader reads its variables when a process starts, so the backend runs in one of its own.
function conform() {
  const software = existsSync(swiftShader)
    ? { VK_DRIVER_FILES: join(folder, 'icd.json'), LD_LIBRARY_PATH: chromium }
    : {};
  const file = join(import.meta.dirname, 'conform.ts');
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@seg/source', '--no-warnings', file], {
    encoding: 'utf8',
    env: { ...process.env, ...software },
  });
  if (!stdout.includes('{')) throw new Error(stderr);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
}

test('webgpu conforms in Node, and errors of the device are thrown', { timeout: 120_000 }, ({ skip }) => {
  const found = conform();
  if (!existsSync(swiftShader) && found.absent !== undefined) skip(`no WebGPU here: ${found.absent}`);
  expect(found.absent).toBeUndefined();
  expect(found.wrong).toEqual([]);
  expect(found.left).toBe(0);
  expect(found.count).toBeGreaterThan(120);
  expect(found.thrown).toContain('cannot index type');
  expect(found.after).toEqual([1, 1]);
});
