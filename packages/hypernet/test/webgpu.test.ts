import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { softwareAdapter } from '../../backend/test/webgpu/software-adapter.ts';

const support = (file: string) => fileURLToPath(new URL(`./support/${file}`, import.meta.url));
// float32 through ten steps of a network with norms, whose sums run in another order on each backend.
const relativeTolerance = 1e-3;

interface Training {
  readonly absent: string;
  readonly losses: readonly number[];
  readonly left: { readonly tensors: number; readonly bytes: number };
}

const software = softwareAdapter();
afterAll(software.remove);

function run<Result>(file: string, ...args: string[]): Result {
  const env = { ...process.env, ...software.env };
  const flags = ['--conditions=@seg/source', '--no-warnings', support(file)];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, ...args], { encoding: 'utf8', env });
  if (!stdout.includes('{')) throw new Error(stderr);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Result;
}

const train = (backend: string, method: string) => run<Training>('losses-child.ts', backend, method);

it.for(['sgd', 'adam', 'hypersort', 't-loss'])(
  'the first ten losses with %s agree between webgpu and wasm',
  { timeout: 300_000 },
  (method, { skip }) => {
    const found = train('webgpu', method);
    if (found.absent !== '' && !software.exists) skip(`no WebGPU here: ${found.absent}`);
    expect(found.absent).toBe('');
    const expected = train('wasm', method).losses;
    expect(expected.length).toBe(10);
    expect(found.losses.length).toBe(10);
    expected.forEach((loss, i) => {
      expect(Math.abs(found.losses[i]! - loss)).toBeLessThanOrEqual(relativeTolerance * Math.abs(loss));
    });
    expect(found.left).toEqual({ tensors: 0, bytes: 0 });
  },
);

interface Reads {
  readonly absent: string;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
  readonly tensors: number;
}

it('what curation reads is the same on webgpu and wasm', { timeout: 300_000 }, ({ skip }) => {
  const found = run<Reads>('reads-child.ts', 'webgpu');
  if (found.absent !== '' && !software.exists) skip(`no WebGPU here: ${found.absent}`);
  expect(found.absent).toBe('');
  const expected = run<Reads>('reads-child.ts', 'wasm').numbers;
  expect(Object.keys(found.numbers)).toEqual(['saturation', 'style', 'baseline', 'outOfFold', 'quality']);
  for (const [name, values] of Object.entries(expected)) {
    const scale = Math.max(...values.map(Math.abs));
    const apart = values.map((value, i) => Math.abs(found.numbers[name]![i]! - value));
    expect(Math.max(...apart), name).toBeLessThanOrEqual(relativeTolerance * scale);
  }
  expect(found.tensors).toBe(0);
});
