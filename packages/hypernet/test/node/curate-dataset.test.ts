import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { axisCodesOf, reorient } from '@seg/io';
import { openDataset, readLabelMap, writeImage, writePhantomDataset } from '@seg/io/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseLatentHistory, planWorkingGrid, recommendedScore } from '../../src/index.ts';
import { curateDataset, loadStyleModel } from '../../src/node/index.ts';

const plan = {
  grid: { shape: [8, 8, 8], spacingMm: [20, 24, 20], centre: 'image' },
  baseFeatures: 2,
  levels: 1,
  epochs: 2,
} as const;
/** Said of trainings as short as those of most tests here. */
const brief = expect.stringMatching(/^label_disagreement is the dominant style's error alone: .* 5 are the least$/);
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
  expect(result.warnings).toEqual([brief]);
  expect(map.labelDisagreement).toBe('dominant_style_dice_error');

  const { model, dominant, centroids, cases } = await loadStyleModel(out);
  try {
    const { working, dominant: segmented } = result.cases[0]!;
    expect(await model.segment(working, dominant)).toEqual(segmented);
    expect(centroids).toEqual(result.clusters.centroids);
    expect(Object.values(cases)).toEqual(result.map.latents);
  } finally {
    model.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
}, 60_000);

it('turns scans alike whose axes are stored otherwise, and writes on their own', async () => {
  const mixed = join(folder, 'mixed');
  await cp(join(folder, 'data'), mixed, { recursive: true });
  const { cases } = await openDataset(mixed);
  for (const [item, axes] of [
    [cases[0]!, 'LPS'],
    [cases[1]!, 'SRP'],
  ] as const) {
    const [image, label] = [await item.loadImage(), await item.loadLabel()];
    await writeImage(item.imagePaths[0]!, reorient(image, axes));
    await writeImage(item.labelPaths[0]!, reorient(label, axes));
  }
  const run = (data: string, name: string) =>
    curateDataset({ data, out: join(folder, name), plan: { ...plan, epochs: 1 }, correct: 'all', labels: [1] });
  const [as, turned] = [await run(join(folder, 'data'), 'as-they-are'), await run(mixed, 'turned')];
  expect(turned.cases.map(({ working }) => working.label)).toEqual(as.cases.map(({ working }) => working.label));
  // Means over the scan are summed in another order.
  const difference = Math.max(
    ...turned.cases.flatMap(({ working }, i) => [...working.image].map((v, k) => v - as.cases[i]!.working.image[k]!)),
  );
  expect(difference).toBeLessThan(1e-4);
  for (const item of cases.slice(0, 2)) {
    const given = await item.loadLabel();
    const corrected = await readLabelMap(join(folder, 'turned', 'corrected', `${item.id}.nii.gz`));
    expect(corrected.affine).toEqual(given.affine);
    const untouched = await readLabelMap(join(folder, 'as-they-are', 'corrected', `${item.id}.nii.gz`));
    const back = reorient(corrected, axisCodesOf(untouched.affine)).data;
    // Borders of the segmentation may move with the rounding.
    expect(back.filter((v, i) => v !== untouched.data[i]).length).toBeLessThan(back.length / 500);
  }
}, 60_000);

it('leaves out cases that are not annotated for the label, and says so', async () => {
  const data = join(folder, 'nine');
  await writePhantomDataset(data, { cases: 9, shape: [20, 24, 20], spacingMm: [8, 8, 8] });
  const path = join(data, 'seg.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  manifest.cases[3].annotatedLabels = [2];
  await writeFile(path, JSON.stringify(manifest));
  const said: string[] = [];
  const out = join(folder, 'nine-run');
  const { ranking, warnings } = await curateDataset({
    data,
    out,
    plan: { ...plan, epochs: 1 },
    labels: [1],
    onWarning: (message) => said.push(message),
  });
  expect(ranking.map((row) => row.case)).not.toContain(manifest.cases[3].id);
  expect(ranking.length).toBe(8);
  expect(said).toEqual(['1 of 9 cases are left out: not annotated for all of 1', brief]);
  expect(warnings).toEqual(said);
  expect(JSON.parse(await readFile(join(out, 'map.json'), 'utf8')).warnings).toEqual(said);
  manifest.cases[4].annotatedLabels = [2];
  await writeFile(path, JSON.stringify(manifest));
  await expect(curateDataset({ data, out: `${out}2`, plan, labels: [1] })).rejects.toThrow(/8 labelled cases/);
}, 60_000);

it('plans with the time that slow reading leaves, and says when that is too little', async () => {
  // Reading takes 8 of the 10 minutes; then a step of the coarsest network takes `stepSeconds`, of others ten times that.
  const run = async (stepSeconds: number, name: string) => {
    let now = 0;
    let planning = false;
    let readings = 0;
    // What is asked before the first step, and its own readings: 9.
    const clock = () => {
      if (planning) now += 1000 * stepSeconds * (++readings <= 9 ? 1 : 10);
      return now;
    };
    const stop = new AbortController();
    let planned = Number.NaN;
    const finished = curateDataset({
      data: join(folder, 'data'),
      out: join(folder, name),
      minutes: 10,
      clock,
      signal: stop.signal,
      onProgress: (stage, done, total) => {
        planning = stage === 'reading' && done === 8;
        if (stage === 'reading' && done <= 8) now += 60_000;
        if (stage !== 'HyperSORT') return;
        planned = total / 8;
        if (planned >= 16) stop.abort();
      },
    });
    return { planned: await finished.then(() => planned).catch(() => planned), finished };
  };
  const quick = await run(0.14, 'slow-reading');
  expect(quick.planned).toBeGreaterThanOrEqual(16);
  const hopeless = await run(1, 'slow-steps');
  expect(hopeless.planned).toBeLessThan(16);
  expect((await hopeless.finished).warnings).toEqual([
    expect.stringMatching(/^the map was trained for .* epochs, and 16 are the least/),
    brief,
  ]);
}, 60_000);

it('ranks an empty label first and one far off among the first, and says so', async () => {
  const data = join(folder, 'doubtful');
  await cp(join(folder, 'data'), data, { recursive: true });
  const { cases } = await openDataset(data);
  const spoil = async (item: (typeof cases)[number], keep: (i: number) => number) => {
    const label = await item.loadLabel();
    const map = { ...label, data: Uint8Array.from(label.data, (v, i) => (v === 1 ? 0 : v) || keep(i)) };
    await writeImage(item.labelPaths[0]!, map);
  };
  const [empty, far] = [cases[2]!, cases[5]!];
  await spoil(empty, () => 0);
  // One voxel in the corner, which fills no cell.
  await spoil(far, (i) => (i === 0 ? 1 : 0));
  const { ranking, warnings } = await curateDataset({
    data,
    out: join(folder, 'doubtful-run'),
    plan: { ...plan, epochs: 1 },
    labels: [1],
  });
  const first = ranking.slice(0, 2);
  expect(first.map((row) => row.case).sort()).toEqual([empty.id, far.id].sort());
  expect(first.every((row) => row.flagged && row.label_disagreement === 1)).toBe(true);
  expect(warnings).toContain(`1 of 8 labels are empty: ${empty.id}`);
  expect(warnings).toContain(`1 of 8 labels are too small or too far off to be seen on the working grid: ${far.id}`);
}, 60_000);

it('refuses options that make no sense', async () => {
  const run = (more: object) =>
    curateDataset({ data: join(folder, 'data'), out: join(folder, 'never'), plan, ...more });
  await expect(run({ correct: 'some' })).rejects.toThrow(/correct/);
  for (const grid of [{ shape: [8, 8, 0] }, { spacingMm: [1, Number.NaN, 1] }, { centre: 'middle' }]) {
    await expect(run({ plan: { ...plan, grid: { ...plan.grid, ...grid } } })).rejects.toThrow(/plan\.grid/);
  }
});

it('has map and model on disk before the simpler predictors train', async () => {
  const out = join(folder, 'stopped');
  const controller = new AbortController();
  const stopped = curateDataset({
    data: join(folder, 'data'),
    out,
    plan: { ...plan, epochs: 1 },
    signal: controller.signal,
    onProgress: (stage) => {
      if (stage === 'out-of-fold Dice') controller.abort();
    },
  });
  await expect(stopped).rejects.toThrow();
  const { model, cases } = await loadStyleModel(out);
  model.dispose();
  expect(Object.keys(cases).length).toBe(8);
  await expect(loadStyleModel(folder)).rejects.toThrow(/map.json cannot be read.*seg curate/);
  await writeFile(join(out, 'map.json'), '{"cases": []}');
  await expect(loadStyleModel(out)).rejects.toThrow(/no map of a curation/);
}, 60_000);

it('takes a network of another depth and other settings of the training', async () => {
  const out = join(folder, 'settings');
  const settings = { hyper: { latentDim: 3 }, latentStandardDeviation: 0 };
  const { map } = await curateDataset({
    data: join(folder, 'data'),
    out,
    plan: { ...plan, convs: 2, epochs: 1 },
    settings: { ...settings, latentLearningRate: 0 },
  });
  expect(map.latents).toEqual(Array.from({ length: 8 }, () => [0, 0, 0]));
  const written = JSON.parse(await readFile(join(out, 'map.json'), 'utf8'));
  expect(written.plan.convs).toBe(2);
  // What is not given is as in `shortMapSettings`, within `hyper` too.
  expect(written.settings).toMatchObject({
    hyper: { latentDim: 3, hidden: [32, 32], spread: 1 },
    latentStandardDeviation: 0,
    latentLearningRate: 0,
    learningRate: 2e-3,
    latentWeight: 0.2,
  });
  const { model } = await loadStyleModel(out);
  model.dispose();
}, 60_000);

it('counts nowhere what nobody annotated, and leaves it as it is', async () => {
  const data = join(folder, 'partly');
  await cp(join(folder, 'data'), data, { recursive: true });
  const manifest = JSON.parse(await readFile(join(data, 'seg.json'), 'utf8'));
  const labels = manifest.labels.filter(({ value }: { value: number }) => value !== 3);
  await writeFile(join(data, 'seg.json'), JSON.stringify({ ...manifest, labels, ignoreLabel: 3 }));
  const out = join(folder, 'partly-run');
  const result = await curateDataset({ data, out, plan: { ...plan, epochs: 1 }, correct: 'all' });
  const { cases } = JSON.parse(await readFile(join(out, 'map.json'), 'utf8'));
  expect(result.cases.some(({ working }) => working.label.includes(255))).toBe(true);
  for (const { working, dominant } of result.cases) {
    let [both, all] = [0, 0];
    working.label.forEach((v, i) => {
      if (v === 255) return;
      both += v * dominant[i]!;
      all += v + dominant[i]!;
    });
    const row = result.ranking.find((r) => r.case === working.info.id)!;
    expect(row.dominant_style_dice_error).toBeCloseTo(1 - (2 * both) / all, 12);
  }
  for (const item of (await openDataset(data)).cases) {
    const { data: values } = await item.loadLabel();
    const corrected = await readLabelMap(join(out, 'corrected', `${item.id}.nii.gz`));
    const disagreed = await readLabelMap(join(out, 'disagreement', `${item.id}.nii.gz`));
    let annotated = 0;
    let blank = 0;
    values.forEach((v, i) => {
      if (v === 1 || v === 2) annotated++;
      expect(corrected.data[i] === 3).toBe(v === 3);
      if (v !== 3) return;
      blank++;
      expect(disagreed.data[i]).toBe(255);
    });
    expect(blank).toBeGreaterThan(0);
    const { volumeMl } = cases.find((c: { case: string }) => c.case === item.id);
    expect(volumeMl).toBeCloseTo((annotated * 8 ** 3) / 1000, 6);
  }
}, 60_000);

it('leaves out cases of which nobody annotated anything, and refuses labels that say nothing', async () => {
  const data = join(folder, 'blank');
  await writePhantomDataset(data, { cases: 9, shape: [20, 24, 20], spacingMm: [8, 8, 8] });
  const manifest = JSON.parse(await readFile(join(data, 'seg.json'), 'utf8'));
  await writeFile(join(data, 'seg.json'), JSON.stringify({ ...manifest, ignoreLabel: 9 }));
  const blank = async (index: number) => {
    const item = (await openDataset(data)).cases[index]!;
    const label = await item.loadLabel();
    await writeImage(item.labelPaths[0]!, { ...label, data: new Uint8Array(label.data.length).fill(9) });
    return item.id;
  };
  const id = await blank(2);
  const run = (name: string, labels?: number[]) =>
    curateDataset({
      data,
      out: join(folder, name),
      plan: { ...plan, epochs: 1 },
      correct: 'all',
      ...(labels === undefined ? {} : { labels }),
    });
  const { ranking, warnings } = await run('blank-run');
  expect(ranking.map((row) => row.case)).not.toContain(id);
  expect(ranking.length).toBe(8);
  expect(warnings).toEqual([expect.stringContaining('1 of 9 cases are left out: nothing'), brief]);
  expect((await readdir(join(folder, 'blank-run', 'corrected'))).length).toBe(8);
  await expect(run('blank-9', [9])).rejects.toThrow(/no such label \(got \[9\], expected any of 1, 2, 3\)/);
  await blank(3);
  await expect(run('blank-two')).rejects.toThrow(/8 labelled cases.*7/s);
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
  await expect(curateDataset({ data: join(folder, 'data'), out: `${out}2`, labels: [99] })).rejects.toThrow(
    /no such label/,
  );
  await expect(readdir(`${out}2`)).rejects.toThrow(/ENOENT/);
  await writeFile(join(folder, 'file'), '');
  await expect(curateDataset({ data: join(folder, 'data'), out: join(folder, 'file') })).rejects.toThrow(/is a file/);
  expect(() => planWorkingGrid([])).toThrow(/no case/);
});

it('names cases whose spacing is another unit, before any training', async () => {
  const [data, out] = [join(folder, 'microns'), join(folder, 'microns-run')];
  await writePhantomDataset(data, { cases: 9, seed: 4, shape: [10, 12, 12] });
  const dataset = await openDataset(data);
  const far = dataset.cases[3]!;
  const image = await far.loadImage();
  const affine = image.affine.map((value, i) => (i < 12 && i % 4 < 3 ? 1000 * value : value));
  const spacingMm = image.spacingMm.map((mm) => 1000 * mm) as unknown as typeof image.spacingMm;
  await writeImage(far.imagePaths[0]!, { ...image, affine, spacingMm });
  const mm = spacingMm.map((n) => Number(n.toPrecision(4))).join(' x ');
  await expect(curateDataset({ data, out, plan })).rejects.toThrow(`case ${far.id}: spacing ${mm} mm (z, y, x)`);
});
