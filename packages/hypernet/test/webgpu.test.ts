import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { softwareAdapter } from '../../backend/test/webgpu/software-adapter.ts';

const child = fileURLToPath(new URL('./support/losses-child.ts', import.meta.url));
// float32 through ten steps of a network with norms, whose sums run in another order on each backend.
const relativeTolerance = 1e-3;

interface Training {
  readonly absent: string;
  readonly losses: readonly number[];
  readonly left: { readonly tensors: number; readonly bytes: number };
}

const software = softwareAdapter();
afterAll(software.remove);

function train(backend: string, method: string): Training {
  const args = ['--conditions=@seg/source', '--no-warnings', child, backend, method];
  const env = { ...process.env, ...software.env };
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  if (!stdout.includes('{')) throw new Error(stderr);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Training;
}

it.for(['sgd', 'adam', 'hypersort'])(
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
