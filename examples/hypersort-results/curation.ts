import { readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type PerturbationManifest, perturbLabels } from '@seg/augment';
import { Rng } from '@seg/core';
import { recommendedScore, type WorkingGrid } from '@seg/hypernet';
import { openDataset, readImage, writeImage } from '@seg/io/node';
import { auroc, dice } from '@seg/metrics';
import { CURATIONS, EXPERIMENTS } from './experiments.ts';
import { mean } from './numbers.ts';

/** Columns of `ranking.csv` that are no scores. */
const OTHERS = ['case', 'cluster', 'volume_ml', 'flagged'];

/** A folder as somebody would have it who does not know which labels are wrong; the truth is beside it, not in it. */
export async function spoilFolder(set: string, data: string, folder: string, seed: number): Promise<void> {
  const dataset = await openDataset(data);
  const labelled = dataset.cases.filter((c) => c.labelPaths.length > 0);
  const chosen = Rng.fromSeed(1).shuffle(labelled.map(({ id }) => id).sort());
  const ids = new Set(chosen.slice(0, EXPERIMENTS[set]!.train + EXPERIMENTS[set]!.test));
  const cases = labelled.filter(({ id }) => ids.has(id));
  for (const path of [join(folder, 'imagesTr'), join(folder, 'labelsTr'), truthOf(folder)]) {
    await mkdir(path, { recursive: true });
  }
  const maps = await Promise.all(cases.map((c) => c.loadLabel()));
  const masks = maps.map((map) => Uint8Array.from(map.data, (v) => (v > 0 ? 1 : 0)));
  const { labels, manifest } = perturbLabels(
    cases.map(({ id }, i) => ({ id, label: masks[i]!, shape: maps[i]!.shape })),
    { groups: CURATIONS[set]! },
    Rng.fromSeed(seed).fork('perturbation'),
  );
  for (const [i, { id, imagePaths }] of cases.entries()) {
    await copyFile(imagePaths[0]!, join(folder, 'imagesTr', basename(imagePaths[0]!)));
    await writeImage(join(folder, 'labelsTr', `${id}.nii.gz`), { ...maps[i]!, data: labels[i]! });
    await writeImage(join(truthOf(folder), `${id}.nii.gz`), { ...maps[i]!, data: masks[i]! });
  }
  const description = {
    name: dataset.name,
    modality: Object.fromEntries(dataset.channels.map((channel, i) => [i, channel])),
    labels: { 0: 'background', 1: 'foreground' },
    numTraining: cases.length,
    training: cases.map(({ id, imagePaths }) => ({
      image: `./imagesTr/${basename(imagePaths[0]!)}`,
      label: `./labelsTr/${id}.nii.gz`,
    })),
  };
  await writeFile(join(folder, 'dataset.json'), JSON.stringify(description, null, 2));
  await writeFile(manifestOf(folder), JSON.stringify(manifest, null, 1));
}

const truthOf = (folder: string) => `${folder}-truth`;
const manifestOf = (folder: string) => join(truthOf(folder), 'manifest.json');

async function readMask(path: string): Promise<Uint8Array> {
  const { data } = await readImage(path);
  return Uint8Array.from(data as ArrayLike<number>, (v) => (v > 0 ? 1 : 0));
}

/** What `seg curate` made of such a folder, against the truth. */
export async function scoreCuration(set: string, folder: string, run: string) {
  const { cases } = JSON.parse(readFileSync(manifestOf(folder), 'utf8')) as PerturbationManifest;
  const truth = new Map(cases.map((c) => [c.id, c]));
  const [head, ...lines] = readFileSync(join(run, 'ranking.csv'), 'utf8').trim().split('\n');
  const names = head!.split(',');
  const rows = lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i]!, value])));
  const scores = [recommendedScore, ...names.filter((name) => name !== recommendedScore && !OTHERS.includes(name))];
  // A score that was not computed, an empty field, has no AUC.
  const aucs = (kept: readonly number[], wrong: readonly boolean[]) =>
    Object.fromEntries(
      scores.map((name) => {
        const values = kept.map((i) => (rows[i]![name] === '' ? Number.NaN : Number(rows[i]![name])));
        return [name, values.some(Number.isNaN) ? null : auroc(values, wrong)];
      }),
    );
  if (rows.length !== cases.length) throw new Error(`${rows.length} rows of the ranking for ${cases.length} cases`);
  const groups = rows.map((row) => truth.get(row.case!)!.group);
  const isWrong = groups.map((group) => group !== 'clean');
  // The order alone, which is what somebody sees who goes through the file from the top.
  const order = rows.map((_, i) => -i);
  const map = JSON.parse(readFileSync(join(run, 'map.json'), 'utf8'));
  const flagged = rows.flatMap((row, i) => (row.flagged === 'true' ? [{ id: row.case!, isWrong: isWrong[i]! }] : []));
  const corrections: { given: number; corrected: number; isWrong: boolean }[] = [];
  for (const item of flagged) {
    const whole = await readMask(join(truthOf(folder), `${item.id}.nii.gz`));
    const corrected = await readMask(join(run, 'corrected', `${item.id}.nii.gz`));
    corrections.push({
      given: truth.get(item.id)!.dice,
      corrected: dice(corrected, whole, { empty: 1 }),
      isWrong: item.isWrong,
    });
  }
  const corrected = (wrong: boolean) => {
    const some = corrections.filter((c) => c.isWrong === wrong);
    return { cases: some.length, given: mean(some.map((c) => c.given)), corrected: mean(some.map((c) => c.corrected)) };
  };
  const kinds = [...new Set(groups)].filter((group) => group !== 'clean').sort();
  return {
    set,
    seed: map.seed as number,
    minutes: map.minutes as number,
    seconds: map.seconds as number,
    grid: map.plan.grid as WorkingGrid,
    baseFeatures: map.plan.baseFeatures as number,
    levels: map.plan.levels as number,
    epochs: map.steps.map / cases.length,
    plannedEpochs: map.plan.epochs as number,
    cases: cases.length,
    order: auroc(order, isWrong),
    auc: aucs(
      rows.map((_, i) => i),
      isWrong,
    ),
    kinds: kinds.map((kind) => {
      const kept = groups.flatMap((group, i) => (group === kind || group === 'clean' ? [i] : []));
      return {
        kind,
        cases: groups.filter((group) => group === kind).length,
        found: rows.filter((row, i) => groups[i] === kind && row.flagged === 'true').length,
        givenDice: mean(cases.filter((c) => c.group === kind).map((c) => c.dice)),
        auc: aucs(
          kept,
          kept.map((i) => groups[i] === kind),
        ),
      };
    }),
    flaggedWrong: corrected(true),
    flaggedClean: corrected(false),
  };
}

export type CurationScore = Awaited<ReturnType<typeof scoreCuration>>;
