import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { openDataset, writePhantomDataset } from '@seg/io/node';
import type { TrainingCase } from '@seg/train';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { curateDataset } from '../../src/node/index.ts';

/** Case ids of each training of a plain U-Net, and of what it segmented. */
const folds: { readonly trained: readonly string[]; readonly segmented: string[] }[] = [];

vi.mock('../../src/baselines/train-baseline.ts', () => ({
  trainBaseline: async (_: unknown, cases: readonly TrainingCase[], { steps }: { readonly steps: number }) => {
    const segmented: string[] = [];
    folds.push({ trained: cases.map(({ info }) => info.id), segmented });
    return {
      steps,
      segment: async ({ info, label }: TrainingCase) => {
        segmented.push(info.id);
        return label!.map((v) => (v === 1 ? 1 : 0));
      },
      dispose: () => {},
    };
  },
}));

const plan = {
  grid: { shape: [8, 8, 8], spacingMm: [20, 24, 20], centre: 'image' },
  baseFeatures: 2,
  levels: 1,
  epochs: 1,
} as const;
let folder = '';
beforeAll(async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'patients-'));
}, 60_000);
beforeEach(() => void folds.splice(0));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Curates phantoms whose manifest is changed case by case. */
async function curate(
  name: string,
  cases: number,
  change: (entry: { id: string; patient?: string }, i: number) => void,
) {
  const data = join(folder, name);
  await writePhantomDataset(data, { cases, shape: [20, 24, 20], spacingMm: [8, 8, 8] });
  const path = join(data, 'seg.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  for (const [i, entry] of manifest.cases.entries()) change(entry, i);
  await writeFile(path, JSON.stringify(manifest));
  const ids = manifest.cases.map((entry: { id: string }) => entry.id) as string[];
  return { ids, ...(await curateDataset({ data, out: join(folder, `${name}-run`), plan, seed: 3 })) };
}

/** Every case is segmented once, and never by a network that was trained on a scan of the same patient. */
function expectPatientsKept(ids: readonly string[], patientOf: (id: string) => string): void {
  expect(folds.flatMap(({ segmented }) => segmented).sort()).toEqual([...ids].sort());
  for (const { trained, segmented } of folds) {
    expect(trained.length + segmented.length).toBe(ids.length);
    const seen = new Set(trained.map(patientOf));
    for (const id of segmented) expect(seen.has(patientOf(id))).toBe(false);
  }
}

it('never parts the two scans of a patient', async () => {
  const patients = new Map<string, string>();
  const { ids, ranking } = await curate('pairs', 10, (entry, i) => {
    entry.patient = `P${i % 5}`;
    patients.set(entry.id, entry.patient);
  });
  expectPatientsKept(ids, (id) => patients.get(id)!);
  expect(folds.map(({ segmented }) => segmented.length)).toEqual([2, 2, 2, 2, 2]);
  expect(ranking.every((row) => row.out_of_fold_dice_error === 0)).toBe(true);
}, 60_000);

it('makes as many folds as there are patients, of about as many cases, where these have unlike numbers of scans', async () => {
  const patients = new Map<string, string>();
  // Four scans of the first patient, two of the second and one of each of the others.
  const { ids } = await curate('unlike', 9, (entry, i) => {
    entry.patient = i < 4 ? 'A' : i < 6 ? 'B' : `C${i}`;
    patients.set(entry.id, entry.patient);
  });
  expectPatientsKept(ids, (id) => patients.get(id)!);
  expect(folds.map(({ segmented }) => segmented.length).sort()).toEqual([1, 1, 1, 2, 4]);
}, 60_000);

it('has no out-of-fold error where all scans are of one patient, and says so', async () => {
  const { ranking, warnings } = await curate('one', 8, (entry) => {
    entry.patient = 'P';
  });
  expect(folds).toEqual([]);
  expect(ranking.every((row) => Number.isNaN(row.out_of_fold_dice_error))).toBe(true);
  expect(warnings).toEqual(['out-of-fold Dice is missing: all scans are of one patient']);
}, 60_000);

it('knows patients by the names of time frames in layouts that name no patients', async () => {
  const [from, data] = [join(folder, 'as-written'), join(folder, 'frames')];
  await writePhantomDataset(from, { cases: 8, shape: [20, 24, 20], spacingMm: [8, 8, 8] });
  for (const [i, { imagePaths, labelPaths }] of (await openDataset(from)).cases.entries()) {
    const name = `patient${String(i >> 1).padStart(3, '0')}_frame0${1 + (i % 2)}.nii.gz`;
    await cp(imagePaths[0]!, join(data, 'images', name));
    await cp(labelPaths[0]!, join(data, 'labels', name));
  }
  const { ranking } = await curateDataset({ data, out: join(folder, 'frames-run'), plan, seed: 3 });
  expect(ranking.length).toBe(8);
  expectPatientsKept(
    ranking.map((row) => row.case),
    (id) => id.slice(0, 'patient000'.length),
  );
}, 60_000);
