import { access, cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listBackends } from '@seg/backend/node';
import { decodeSafetensors } from '@seg/io';
import { readRunLog } from '@seg/train/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectFeatures } from '../../backend/src/runtime/features.ts';
import { softwareAdapter } from '../../backend/test/webgpu/software-adapter.ts';
import { seg, spawnSeg, temporaryFolder } from './support/run-seg.ts';

// float32 through ten steps of a network with norms, whose sums run in another order on each backend.
const relativeTolerance = 1e-3;
// Of all weights together. A voxel at the kink of a leaky ReLU has one slope on one backend and the other on the next, which
// ten updates from random weights carry on.
const weightTolerance = 5e-3;
// Five updates on the other backend.
const resumedTolerance = 1e-5;
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

/** Mean losses of the ten steps. */
function lossesOf(run: string): number[] {
  return readRunLog(run).flatMap((record) => (record.kind === 'train' ? Object.values(record.metrics) : []));
}

/**
 * Distance of two runs' weights after ten updates, over their size. Not their Dice: voxels of even tissue have nearly the
 * same scores and change their class together.
 */
async function weightDistance(a: string, b: string): Promise<number> {
  const read = async (run: string) =>
    decodeSafetensors(await readFile(join(run, 'checkpoints', 'last.safetensors'))).tensors;
  const [ofA, ofB] = [await read(a), await read(b)];
  const names = Object.keys(ofA).filter((name) => name.includes('kernel'));
  expect(names.length).toBeGreaterThan(0);
  let [difference, size] = [0, 0];
  for (const name of names) {
    ofA[name]!.data.forEach((v, i) => {
      difference += (Number(v) - Number(ofB[name]!.data[i]!)) ** 2;
      size += Number(v) ** 2;
    });
  }
  return Math.sqrt(difference / size);
}

describe('backends beside wasm', () => {
  it('tensorflow trains to the same numbers', async ({ skip }) => {
    if (!native) skip('tensorflow is not installed: seg backend install tensorflow');
    const out = join(root, 'tensorflow');
    await train('tensorflow', out);
    const [expected, found] = [lossesOf(onWasm), lossesOf(out)];
    expect(found.length).toBe(expected.length);
    expected.forEach((value, i) => {
      expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(relativeTolerance * value);
    });
    expect(await weightDistance(onWasm, out)).toBeLessThan(weightTolerance);
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
    expect(await weightDistance(onWasm, out)).toBeLessThan(resumedTolerance);
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

describe('--revectorize', () => {
  it('computes with the 256-bit kernels where V8 has them, and is refused elsewhere', async () => {
    const image = join(data, 'imagesTr', (await readdir(join(data, 'imagesTr'))).sort()[0]!);
    const args = ['predict', '--run', onWasm, '--out', join(root, 'predicted'), '--threads', '1', image];
    const { code, stderr } = await spawnSeg([...args, '--revectorize']);
    if (detectFeatures().revectorizer) {
      // On a processor without 256 bits it starts the kernels for 128.
      expect(stderr).toMatch(
        /^backend: wasm: (V8's experimental 256-bit revectorizer|128-bit relaxed SIMD), 1 thread\n/,
      );
      expect(code).toBe(0);
    } else {
      expect(stderr).toContain('revectorize needs Node 24');
      expect(code).toBe(1);
    }
  });
});

describe('--precision', () => {
  it('computes with direct sums, and refuses what it does not know', async () => {
    const image = join(data, 'imagesTr', (await readdir(join(data, 'imagesTr'))).sort()[0]!);
    const args = ['predict', '--run', onWasm, '--out', join(root, 'direct'), '--threads', '1', image, '--precision'];
    expect(await spawnSeg([...args, 'direct'])).toMatchObject({ code: 0 });
    const { code, stderr } = await spawnSeg([...args, 'exact']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('fast, direct');
  });
});
