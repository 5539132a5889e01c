import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { createVolume } from '@seg/core';
import { reorient, resample } from '@seg/io';
import { openDataset, writePhantomDataset } from '@seg/io/node';
import { predictVolume, type TrainingPlan } from '@seg/train';
import { type LoadedRun, loadRun, type RunPlan, readRunConfig, readRunLog, resumeRun, trainRun } from '@seg/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'seg-run-'));
const data = join(root, 'data');
const run = join(root, 'run');
const small = (plan: TrainingPlan): TrainingPlan => ({
  ...plan,
  patchSize: [16, 16, 16],
  network: { ...plan.network, features: [4, 8], kernels: 3, strides: [1, 2] },
});

beforeAll(async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  await writePhantomDataset(data, { cases: 6, shape: [18, 20, 16], spacingMm: [2, 2, 2], seed: 1 });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a run', () => {
  it('is trained, interrupted by a signal, and resumed to the same weights as without the interruption', async () => {
    const whole = join(root, 'whole');
    const options = { data, seed: 2, budget: { steps: 6 }, checkpointEvery: 2, adjustPlan: small, workers: 0 };
    const before = tf.memory().numTensors;
    const plans: RunPlan[] = [];
    const onPlan = (plan: RunPlan) => void plans.push(plan);
    const complete = await trainRun({ ...options, out: whole, onPlan });
    expect(complete).toMatchObject({ stopped: 'finished', steps: 6 });

    const controller = new AbortController();
    const aborted = await trainRun({
      ...options,
      out: run,
      signal: controller.signal,
      onProgress: ({ step }) => step === 3 && controller.abort(),
    });
    expect(aborted).toMatchObject({ stopped: 'aborted', steps: 3 });
    const resumed = await resumeRun(run, { workers: 0, onPlan });
    expect(resumed).toMatchObject({ stopped: 'finished', steps: 6, best: complete.best });
    expect(tf.memory().numTensors).toBe(before);
    const bytes = (folder: string) => readFileSync(join(folder, 'checkpoints', 'last.safetensors'));
    expect(bytes(run).equals(bytes(whole))).toBe(true);
    const { plan } = complete.config;
    const said = { plan, trainingCases: 5, validationCases: 1, budget: { steps: 6 }, expectedSteps: 6 };
    expect(plans).toMatchObject([
      { ...said, step: 0 },
      { ...said, step: 3 },
    ]);
  });

  it('expects as many steps of minutes as the machine makes, and of a run that goes on as it made', async () => {
    const plans: RunPlan[] = [];
    const out = join(root, 'timed');
    const controller = new AbortController();
    const { steps } = await trainRun({
      ...{ data, out, workers: 0, adjustPlan: small, budget: { minutes: 0.5 }, signal: controller.signal },
      onPlan: (plan) => plans.push(plan),
      onProgress: ({ step }) => step === 20 && controller.abort(),
    });
    expect(steps).toBe(20);
    const stop = new AbortController();
    await resumeRun(out, {
      workers: 0,
      signal: stop.signal,
      onPlan: (p) => plans.push(p),
      onProgress: () => stop.abort(),
    });
    expect(plans.map(({ step }) => step)).toEqual([0, 20]);
    const { elapsedMs, step } = JSON.parse(readFileSync(join(out, 'checkpoints', 'last.json'), 'utf8'));
    expect(step).toBe(21);
    const { budget } = await readRunConfig(out);
    const whole = ((budget as { minutes: number }).minutes * 60_000 * step) / elapsedMs;
    // The 21st step belongs to the second session, and begins cold.
    expect(plans[1]!.expectedSteps / whole).toBeGreaterThan(0.9);
    expect(plans[1]!.expectedSteps / whole).toBeLessThan(3);
    expect(plans[0]!.expectedSteps).toBeGreaterThan(0);
  });

  it('leaves the promised files, with each step logged once', async () => {
    const files = readdirSync(run);
    expect(files).toContain('config.json');
    expect(files).toContain('metrics.jsonl');
    expect(files.some((file) => file.startsWith('events.out.tfevents.'))).toBe(true);
    for (const name of ['last', 'best']) {
      for (const ending of ['safetensors', 'json']) {
        expect(existsSync(join(run, 'checkpoints', `${name}.${ending}`))).toBe(true);
      }
    }
    const config = await readRunConfig(run);
    expect(config).toMatchObject({ method: 'supervised', seed: 2, budget: { steps: 6 } });
    expect(config.data.train.length + config.data.validation.length).toBe(6);
    const validations = readRunLog(run).filter(({ kind }) => kind === 'validation');
    expect(validations.map(({ step }) => step)).toEqual([6]);
  });

  it('refuses a folder with a run, an unknown method and missing data, naming the cure', async () => {
    await expect(trainRun({ data, out: run })).rejects.toThrow(/already holds a run.*--resume/);
    await expect(trainRun({ data, out: join(root, 'x'), method: 'supervized' })).rejects.toThrow(/"supervised"/);
    await expect(trainRun({ data: join(root, 'nowhere'), out: join(root, 'x') })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(trainRun({ data, out: join(root, 'x'), signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(existsSync(join(root, 'x'))).toBe(false);
    await expect(loadRun(data)).rejects.toThrow(/not a run/);
    await expect(resumeRun(join(root, 'nowhere'))).rejects.toThrow(/not a run/);
  });
});

describe('predictVolume', () => {
  let loaded: LoadedRun;
  beforeAll(async () => {
    loaded = await loadRun(run);
  });
  afterAll(() => {
    const before = tf.memory().numTensors;
    loaded.dispose();
    expect(tf.memory().numTensors).toBeLessThan(before);
  });

  it("returns the data set's values on the image's own grid", async () => {
    const dataset = await openDataset(data);
    const image = await dataset.cases[0]!.loadImage();
    const before = tf.memory().numTensors;
    const labels = await predictVolume(loaded, image);
    expect(tf.memory().numTensors).toBe(before);
    expect(labels).toMatchObject({ shape: image.shape, affine: image.affine, spacingMm: image.spacingMm, channels: 1 });
    const values = new Set([0, ...loaded.labelValues]);
    expect([...new Set(labels.data)].every((value) => values.has(value))).toBe(true);
  });

  it('gives the same segmentation whatever the orientation of the file', async () => {
    const dataset = await openDataset(data);
    const image = await dataset.cases[1]!.loadImage();
    const expected = await predictVolume(loaded, image, { mirrorAxes: [] });
    for (const codes of ['LPS', 'PSR', 'AIL']) {
      const turned = reorient(image, codes);
      const labels = await predictVolume(loaded, turned, { mirrorAxes: [] });
      expect(labels.affine).toEqual(turned.affine);
      expect(labels.data).toEqual(reorient(expected, codes).data);
    }
  });

  it('resamples another spacing there and back', async () => {
    const dataset = await openDataset(data);
    const image = resample(await dataset.cases[1]!.loadImage(), { spacingMm: [1.3, 2.5, 1.7] });
    const labels = await predictVolume(loaded, image);
    expect(labels).toMatchObject({ shape: image.shape, affine: image.affine });
  });

  it('refuses another number of channels', async () => {
    const two = createVolume(new Float32Array(2 * 512), [8, 8, 8], { channels: 2 });
    await expect(predictVolume(loaded, two)).rejects.toMatchObject({ code: 'shape-mismatch' });
  });

  it('falls back to the previous checkpoint when the newest is damaged, and says so', async () => {
    truncateSync(join(run, 'checkpoints', 'last.safetensors'), 100);
    const warnings: string[] = [];
    const older = await loadRun(run, { checkpoint: 'last', onWarning: (message) => warnings.push(message) });
    expect(older.step).toBeLessThan(6);
    expect(warnings).toHaveLength(1);
    older.dispose();
  });
});
