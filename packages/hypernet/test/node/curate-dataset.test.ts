import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { openDataset, readLabelMap, writePhantomDataset } from '@seg/io/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseLatentHistory, planWorkingGrid, recommendedScore } from '../../src/index.ts';
import { curateDataset } from '../../src/node/index.ts';

const plan = {
  grid: { shape: [8, 8, 8], spacingMm: [20, 24, 20], centre: 'image' },
  baseFeatures: 2,
  levels: 1,
  epochs: 2,
} as const;
let folder = '';

beforeAll(async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'curate-'));
  await writePhantomDataset(join(folder, 'data'), { cases: 8, shape: [20, 24, 20], spacingMm: [8, 8, 8] });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

it('writes ranking, map, history and corrected labels on the scans’ own grids', async () => {
  const out = join(folder, 'run');
  const before = tf.memory().numTensors;
  const stages = new Set<string>();
  const result = await curateDataset({
    data: join(folder, 'data'),
    out,
    plan,
    seed: 1,
    correct: 'all',
    labels: [1],
    onProgress: (stage, done, total) => {
      stages.add(stage);
      expect(done).toBeLessThanOrEqual(total);
    },
  });
  expect(tf.memory().numTensors).toBe(before);
  expect([...stages]).toEqual(['reading', 'HyperSORT', 'out-of-fold Dice', 'quality regressor', 'writing']);
  const [head, ...lines] = (await readFile(join(out, 'ranking.csv'), 'utf8')).trimEnd().split('\n');
  expect(head).toMatch(/^case,norm,isolation,distance_to_median,out_of_fold_dice_error,volume_only,cluster,/);
  const dataset = await openDataset(join(folder, 'data'));
  expect(lines.map((line) => line.split(',')[0]).sort()).toEqual(dataset.cases.map(({ id }) => id).sort());
  const column = head!.split(',').indexOf(recommendedScore);
  const scores = lines.map((line) => Number(line.split(',')[column]));
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  const map = JSON.parse(await readFile(join(out, 'map.json'), 'utf8'));
  expect(map.cases.length).toBe(8);
  expect(map.cases[0].latent.length).toBe(2);
  const history = parseLatentHistory(await readFile(join(out, 'latents.jsonl'), 'utf8'));
  expect(history.map((r) => r.step)).toEqual([8, 16]);
  expect((await readdir(join(out, 'corrected'))).length).toBe(8);
  const first = dataset.cases[0]!;
  const given = await first.loadLabel();
  const corrected = await readLabelMap(join(out, 'corrected', `${first.id}.nii.gz`));
  const disagreed = await readLabelMap(join(out, 'disagreement', `${first.id}.nii.gz`));
  expect(corrected.affine).toEqual(given.affine);
  given.data.forEach((v, i) => {
    const d = disagreed.data[i];
    // 1 agreed, 2 removed, 3 added, else as it was
    expect(corrected.data[i]).toBe(d === 3 ? 1 : d === 2 ? 0 : v);
  });
  expect(result.ranking.length).toBe(8);
}, 60_000);

it('takes a network of another depth and other settings of the training', async () => {
  const out = join(folder, 'settings');
  const settings = { hyper: { latentDim: 3, hidden: [4] }, latentStandardDeviation: 0 };
  const { map } = await curateDataset({
    data: join(folder, 'data'),
    out,
    plan: { ...plan, convs: 2, epochs: 1 },
    settings: { ...settings, latentLearningRate: 0 },
  });
  expect(map.latents).toEqual(Array.from({ length: 8 }, () => [0, 0, 0]));
  const written = JSON.parse(await readFile(join(out, 'map.json'), 'utf8'));
  expect(written.plan.convs).toBe(2);
  expect(written.settings).toMatchObject({ ...settings, latentWeight: 0.2 });
}, 60_000);

it('does not take for foreground what nobody annotated', async () => {
  const data = join(folder, 'partly');
  await cp(join(folder, 'data'), data, { recursive: true });
  const manifest = JSON.parse(await readFile(join(data, 'seg.json'), 'utf8'));
  const labels = manifest.labels.filter(({ value }: { value: number }) => value !== 3);
  await writeFile(join(data, 'seg.json'), JSON.stringify({ ...manifest, labels, ignoreLabel: 3 }));
  const out = join(folder, 'partly-run');
  await curateDataset({ data, out, plan: { ...plan, epochs: 1 } });
  const { cases } = JSON.parse(await readFile(join(out, 'map.json'), 'utf8'));
  for (const item of (await openDataset(data)).cases) {
    const { data: values } = await item.loadLabel();
    let annotated = 0;
    for (const v of values) if (v === 1 || v === 2) annotated++;
    expect(values.includes(3)).toBe(true);
    const { volumeMl } = cases.find((c: { case: string }) => c.case === item.id);
    expect(volumeMl).toBeCloseTo((annotated * 8 ** 3) / 1000, 6);
  }
}, 60_000);

it('cuts every training short where the time is over', async () => {
  const out = join(folder, 'slow');
  let seconds = 0;
  // Each look at the clock takes 20 seconds of the 10 minutes.
  const clock = () => 1000 * (seconds += 20);
  const long = { ...plan, epochs: 50 };
  const { map } = await curateDataset({ data: join(folder, 'data'), out, plan: long, minutes: 10, clock });
  const { steps } = JSON.parse(await readFile(join(out, 'map.json'), 'utf8'));
  expect(steps.map).toBe(map.steps);
  expect(map.steps).toBeLessThan(30);
  expect(steps.outOfFold).toBeLessThan(10);
}, 60_000);

it('refuses folders with files, too few cases and empty labels', async () => {
  await expect(curateDataset({ data: join(folder, 'data'), out: folder, plan })).rejects.toThrow(/is not empty/);
  const out = join(folder, 'other');
  await expect(curateDataset({ data: join(folder, 'data'), out, plan, minutes: 0 })).rejects.toThrow(/minutes/);
  await expect(curateDataset({ data: join(folder, 'data'), out: `${out}2`, labels: [0] })).rejects.toThrow(/labels/);
  await expect(curateDataset({ data: join(folder, 'data'), out: `${out}2`, labels: [99] })).rejects.toThrow(/no case/);
  await expect(readdir(`${out}2`)).rejects.toThrow(/ENOENT/);
  await writeFile(join(folder, 'file'), '');
  await expect(curateDataset({ data: join(folder, 'data'), out: join(folder, 'file') })).rejects.toThrow(/no folder/);
  expect(() => planWorkingGrid([])).toThrow(/no case/);
});
