import { access, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { listBackends } from '@seg/backend/node';
import { readRunLog } from '@seg/train/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { softwareAdapter } from '../../backend/test/webgpu/software-adapter.ts';
import { seg, spawnSeg, temporaryFolder } from './support/run-seg.ts';

// float32 through ten steps of a network with norms, whose sums run in another order on each backend.
const relativeTolerance = 1e-3;
const steps = 10;
/** The two packages hold the same binding; of `cuda` only the GPU differs. */
const native = listBackends().some(({ name }) => name === 'tensorflow');

const software = softwareAdapter();
afterAll(software.remove);

let root: string;
let data: string;
let onWasm: string;

beforeAll(async () => {
  root = await temporaryFolder();
  [data, onWasm] = [join(root, 'data'), join(root, 'wasm')];
  await seg('phantom', '--out', data, '--cases', '4', '--size', '12,14,10');
  await train('wasm', onWasm);
});

async function train(backend: string, out: string, env: Readonly<Record<string, string>> = {}) {
  const args = ['train', '--data', data, '--out', out, '--steps', `${steps}`, '--seed', '1', '--backend', backend];
  const result = await spawnSeg([...args, '--checkpoint-every', '5'], { env });
  expect(result.stderr).toContain(`backend: ${backend}`);
  expect(result.code).toBe(0);
}

/** Mean loss of the ten steps, and validation after each of them, which ten updates of the weights went into. */
function numbersOf(run: string): number[] {
  return readRunLog(run).flatMap((record) => Object.values(record.metrics));
}

describe('backends beside wasm', () => {
  it('tensorflow trains to the same numbers', async ({ skip }) => {
    if (!native) skip('tensorflow is not installed: seg backend install tensorflow');
    const out = join(root, 'tensorflow');
    await train('tensorflow', out);
    const expected = numbersOf(onWasm);
    const found = numbersOf(out);
    expect(found.length).toBe(expected.length);
    expected.forEach((value, i) => {
      expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(relativeTolerance * Math.max(1e-2, Math.abs(value)));
    });
  });

  it('webgpu trains to the same loss', { timeout: 300_000 }, async ({ skip }) => {
    if (!software.exists) skip("Chromium's software adapter is not here");
    const out = join(root, 'webgpu');
    await train('webgpu', out, software.env);
    const loss = (run: string) => readRunLog(run).find(({ kind }) => kind === 'train')!.metrics.loss!;
    expect(Math.abs(loss(out) - loss(onWasm))).toBeLessThanOrEqual(relativeTolerance * loss(onWasm));
  });

  it('a run that began on wasm goes on on tensorflow', async ({ skip }) => {
    if (!native) skip('tensorflow is not installed: seg backend install tensorflow');
    const out = join(root, 'moved');
    const half = join(root, 'half');
    let stopped = false;
    const args = ['train', '--data', data, '--out', half, '--steps', `${steps}`, '--seed', '1', '--backend', 'wasm'];
    const first = await spawnSeg([...args, '--checkpoint-every', '1'], {
      onStderr: async (text, kill) => {
        if (stopped || !text.includes('backend:')) return;
        stopped = true;
        const last = join(half, 'checkpoints', 'last.json');
        while (
          !(await access(last).then(
            () => true,
            () => false,
          ))
        )
          await new Promise((done) => setTimeout(done, 20));
        kill('SIGINT');
      },
    });
    expect(first.stderr).toContain('stopped at step');
    await cp(half, out, { recursive: true });
    const resumed = await spawnSeg(['train', '--resume', out, '--backend', 'tensorflow']);
    expect(resumed.stderr).toContain('backend: tensorflow');
    expect(resumed.code).toBe(0);
    const expected = numbersOf(onWasm).at(-1)!;
    expect(Math.abs(numbersOf(out).at(-1)! - expected)).toBeLessThanOrEqual(relativeTolerance * Math.abs(expected));
  });
});

describe('seg doctor --conformance', () => {
  it('prints the table of one backend', async () => {
    const { code, stdout, stderr } = await spawnSeg(['doctor', '--conformance', '--backend', 'wasm']);
    expect(stderr).toMatch(/^backend: wasm/);
    expect(stdout).toMatch(/\| conv3d \| .* \| ok \| ok \|/);
    expect(stdout).toMatch(/(\d+) of \1 are right/);
    expect(code).toBe(0);
  });
});
