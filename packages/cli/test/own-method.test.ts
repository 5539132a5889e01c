import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineMethodModule, type MethodModule, option, supervised } from '@seg/train';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/index.ts';
import { temporaryFolder } from './support/run-seg.ts';

/** A method of somebody else's, whole: nothing else in the repository knows of it. */
const counted: MethodModule = defineMethodModule({
  name: 'counted',
  summary: 'plain training that counts its epochs',
  options: v.strictObject({
    learningRate: option.positive('Of Adam (default: 0.001).'),
    mark: option.oneOf(['a', 'b'], 'A letter for the record (default: a).'),
  }),
  create: async ({ plan, options: { learningRate = 1e-3, mark = 'a' }, network, record }) => ({
    ...supervised({ network: network(), batchSize: plan.batchSize, optimiser: { kind: 'adam', learningRate } }),
    name: 'counted',
    afterEpoch: async ({ step }: { readonly step: number }) => record('epochs', { step, mark }),
  }),
  report: async ({ readRecord, trainingCases }) => {
    const lines = (await readRecord('epochs')) as readonly { readonly step: number; readonly mark: string }[];
    return [
      { kind: 'text', title: 'Counted', paragraphs: [`${lines.length} epochs of ${trainingCases.length} cases`] },
      { kind: 'table', title: 'Epochs', columns: ['step', 'mark'], rows: lines.map((line) => [line.step, line.mark]) },
      {
        kind: 'lines',
        title: 'Steps by epoch',
        xTitle: 'epoch',
        yTitle: 'step',
        lines: [{ name: 'step', points: lines.map((line, i) => [i + 1, line.step] as const) }],
      },
    ];
  },
});

async function seg(...args: string[]) {
  let [stdout, stderr] = ['', ''];
  const signal = new AbortController().signal;
  const code = await runCli(args, {
    isTerminal: false,
    signal,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    methods: [counted],
  });
  return { code, stdout, stderr };
}

let root: string;
let data: string;
beforeAll(async () => {
  root = await temporaryFolder();
  data = join(root, 'data');
  await seg('phantom', '--out', data, '--cases', '4', '--size', '12,14,10');
});

describe('a method in one file', () => {
  it('is listed with its options, in words and as a JSON schema', async () => {
    expect((await seg('methods')).stdout).toMatch(/counted: plain training that counts its epochs\n {2}learningRate/);
    const { methods, networks } = JSON.parse((await seg('methods', '--json')).stdout);
    const { options } = methods.find(({ name }: { name: string }) => name === 'counted');
    expect(options.properties.mark).toMatchObject({ enum: ['a', 'b'] });
    expect(networks.map(({ kind }: { kind: string }) => kind)).toEqual(['unet3d', 'resEncUnet3d', 'vnet']);
    expect((await seg('train', '--help')).stdout).toMatch(/^ {2}counted: plain training/m);
    expect((await seg('train', '--method', 'counted', '--help')).stdout).toContain('[a number above 0]');
    expect(await seg('methods', 'count')).toMatchObject({ code: 1, stderr: expect.stringContaining('"counted"') });
  });

  it('trains with its options, goes on, predicts and reports', async () => {
    const out = join(root, 'run');
    const args = ['--data', data, '--out', out, '--method', 'counted', '--option', 'mark=b', '--steps', '4', '--json'];
    const trained = await seg('train', ...args);
    expect(trained.code, trained.stderr).toBe(0);
    const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ method: 'counted', methodOptions: { mark: 'b' } });
    const record = async () => (await readFile(join(out, 'epochs.jsonl'), 'utf8')).trim().split('\n');
    // Three cases, two a step: an epoch is over after steps 2 and 3, and the training after step 4.
    expect((await record()).map((line) => JSON.parse(line))).toEqual([2, 3, 4].map((step) => ({ step, mark: 'b' })));
    const report = await readFile(JSON.parse(trained.stdout).report, 'utf8');
    expect(report).toContain('3 epochs of 3 cases');
    expect(report).toContain('Steps by epoch');
    expect(await seg('train', '--resume', out, '--json')).toMatchObject({ code: 0 });
    // A line may come a second time, as the contract of `record` says.
    expect(new Set((await record()).map((line) => JSON.parse(line).step))).toEqual(new Set([2, 3, 4]));
    const image = join(data, 'imagesTr', 'phantom_0001.nii.gz');
    const predicted = await seg('predict', '--run', out, '--out', join(root, 'out'), image);
    expect(predicted.code, predicted.stderr).toBe(0);
  });

  it('refuses options that it does not have, before anything is written', async () => {
    const out = join(root, 'none');
    const args = ['train', '--data', data, '--out', out, '--method', 'counted', '--steps', '1'];
    expect(await seg(...args, '--option', 'rate=1')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/method counted: unknown name in methodOptions \(got rate/),
    });
    expect((await seg(...args, '--option', 'mark=c')).stderr).toContain('a | b');
    expect(await seg(...args, '--option', 'mark')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('KEY=VALUE'),
    });
    expect((await seg(...args, '--network', 'unet')).stderr).toContain('Did you mean "vnet"');
    await expect(readFile(join(out, 'config.json'))).rejects.toThrow(/ENOENT/);
  });
});
