import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { readLabelMap, writeNifti, writePhantomDataset } from '@seg/io/node';
import type { TrainingPlan } from '@seg/train';
import { readRunConfig, readRunLog, resumeRun, trainRun } from '@seg/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'seg-resume-'));
const data = join(root, 'data');
const small = (plan: TrainingPlan): TrainingPlan => ({
  ...plan,
  patchSize: [8, 8, 8],
  network: { ...plan.network, features: [4, 8], kernels: 3, strides: [1, 2] },
});
const options = { data, seed: 2, adjustPlan: small, workers: 0 };
const at = (name: string) => join(root, name);
const weights = (run: string) => readFileSync(join(run, 'checkpoints', 'last.safetensors'));

/** A copy of the run under another name. */
function copyOf(run: string, name: string): string {
  cpSync(at(run), at(name), { recursive: true });
  return at(name);
}

beforeAll(async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  await writePhantomDataset(data, { cases: 4, shape: [10, 12, 10], spacingMm: [2, 2, 2], seed: 1 });
  const controller = new AbortController();
  await trainRun({ ...options, out: at('whole'), budget: { steps: 6 } });
  await trainRun({
    ...options,
    out: at('stopped'),
    budget: { steps: 6 },
    signal: controller.signal,
    onProgress: ({ step }) => step === 3 && controller.abort(),
  });
  await trainRun({ ...options, out: at('ten'), budget: { steps: 10 } });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a run whose data set was moved', () => {
  it('goes on with it to the same weights, and records where it was', async () => {
    const run = copyOf('stopped', 'moved-run');
    cpSync(data, at('moved'), { recursive: true });
    const before = tf.memory().numTensors;
    expect(await resumeRun(run, { data: at('moved'), workers: 0 })).toMatchObject({ stopped: 'finished', steps: 6 });
    expect(tf.memory().numTensors).toBe(before);
    expect(weights(run).equals(weights(at('whole')))).toBe(true);
    const config = await readRunConfig(run);
    expect(config.data.root).toBe(at('moved'));
    expect(config.changes).toEqual([{ step: 3, minutes: expect.any(Number), root: data }]);
  });

  it('says where it was looked for and how to name it, when it is gone', async () => {
    const run = copyOf('stopped', 'gone-run');
    const path = join(run, 'config.json');
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(JSON.stringify(data), JSON.stringify(at('gone'))));
    await expect(resumeRun(run)).rejects.toMatchObject({ code: 'not-found', where: path });
    await expect(resumeRun(run)).rejects.toThrow(`data.root, ${at('gone')}`);
    await expect(resumeRun(run)).rejects.toThrow(/seg train --resume .*gone-run --data DIR/);
  });

  it('refuses a set with other cases, other classes, other voxels or other labels, and changes nothing', async () => {
    const run = copyOf('stopped', 'refused-run');
    const config = readFileSync(join(run, 'config.json'), 'utf8');
    await writePhantomDataset(at('fewer'), { cases: 2, shape: [10, 12, 10], spacingMm: [2, 2, 2], seed: 1 });
    await expect(resumeRun(run, { data: at('fewer') })).rejects.toThrow(
      /2 case\(s\) that the run was trained on are gone/,
    );
    await writePhantomDataset(at('other'), { cases: 4, shape: [10, 12, 10], spacingMm: [2, 2, 2], seed: 9 });
    const other = resumeRun(run, { data: at('other') });
    await expect(other).rejects.toThrow(/not the data set of the run: the images or labels of 4 case\(s\) are others/);
    cpSync(data, at('relabelled'), { recursive: true });
    const path = join(at('relabelled'), 'labelsTr', 'phantom_0002.nii.gz');
    const label = await readLabelMap(path);
    label.data[0] = 1;
    await writeNifti(path, label);
    await expect(resumeRun(run, { data: at('relabelled') })).rejects.toThrow(/1 case\(s\) are others.*phantom_0002/s);
    cpSync(data, at('classes'), { recursive: true });
    const manifest = join(at('classes'), 'seg.json');
    const json = JSON.parse(readFileSync(manifest, 'utf8'));
    writeFileSync(manifest, JSON.stringify({ ...json, labels: [...json.labels, { value: 9, name: 'new' }] }));
    await expect(resumeRun(run, { data: at('classes') })).rejects.toThrow(/its classes are not those of the run/);
    expect(readFileSync(join(run, 'config.json'), 'utf8')).toBe(config);
  });

  it('warns of cases that were changed in their place', async () => {
    const run = copyOf('stopped', 'edited-run');
    cpSync(data, at('edited'), { recursive: true });
    renameSync(at('edited'), at('edited-away'));
    cpSync(at('edited-away'), at('edited'), { recursive: true });
    await resumeRun(run, { data: at('edited'), workers: 0 });
    const path = join(at('edited'), 'labelsTr', 'phantom_0001.nii.gz');
    const label = await readLabelMap(path);
    label.data[0] = 1;
    await writeNifti(path, label);
    const warnings: string[] = [];
    await resumeRun(run, { workers: 0, onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual(['1 case(s) have changed since the run began: phantom_0001']);
  });
});

describe('a run with a new total', () => {
  it('goes on from its end on the schedule of the new total, and records the old one', async () => {
    const run = copyOf('ten', 'longer');
    const result = await resumeRun(run, { budget: { steps: 20 }, workers: 0 });
    expect(result).toMatchObject({ stopped: 'finished', steps: 20, config: { budget: { steps: 20 } } });
    const config = await readRunConfig(run);
    expect(config.budget).toEqual({ steps: 20 });
    expect(config.changes).toEqual([{ step: 10, minutes: expect.any(Number), budget: { steps: 10 } }]);
    // poly, exponent 0.9: step 10 of 10 at progress 9/10, step 20 of 20 at 19/20; one rate for both.
    const rates = readRunLog(run).flatMap((r) => (r.kind === 'train' ? [Object.values(r.learningRate)[0]!] : []));
    expect(rates).toHaveLength(2);
    expect(rates[1]! / rates[0]!).toBeCloseTo(0.5 ** 0.9, 10);
  });

  it('goes on to minutes, and to fewer steps than planned', async () => {
    const run = copyOf('stopped', 'minutes');
    const { steps } = await resumeRun(run, { budget: { steps: 4 }, workers: 0 });
    expect(steps).toBe(4);
    const later = await resumeRun(run, { budget: { minutes: 0.05 }, workers: 0 });
    expect(later).toMatchObject({ stopped: 'finished', config: { budget: { minutes: 0.05 } } });
    expect(later.steps).toBeGreaterThan(4);
    expect((await readRunConfig(run)).changes?.map(({ budget }) => budget)).toEqual([{ steps: 6 }, { steps: 4 }]);
  });

  it('refuses what is done already, before any work, and changes nothing', async () => {
    const run = copyOf('ten', 'done');
    const config = readFileSync(join(run, 'config.json'), 'utf8');
    await expect(resumeRun(run, { budget: { steps: 10 } })).rejects.toThrow(
      /already done 10 steps.*totals of the run/s,
    );
    await expect(resumeRun(run, { budget: { minutes: 1e-6 } })).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(readFileSync(join(run, 'config.json'), 'utf8')).toBe(config);
  });
});
