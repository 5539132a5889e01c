import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/index.ts';
import { openDataset, verifyDataset } from '../../src/node/index.ts';

// Public sets beside the repository; without them the tests are shown as skipped.
const folder = process.env.SEG_DATA ?? join(import.meta.dirname, '../../../../../shared/data');
const has = (name: string) => existsSync(join(folder, name, 'dataset.json'));
const sets = existsSync(folder) ? readdirSync(folder).filter(has) : [];

/** What is known to be odd with the sets, as severity and code; every other set is clean. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  // Two patients have the same images under different annotations.
  'cardiac-acdc': ['warning duplicate-image', 'warning duplicate-image'],
  'cardiac-mscmr-bssfp': ['warning orientation-differs'],
  // A second list, of scribbles, is not used unless it is asked for.
  'cardiac-mscmr-lge': ['warning stray-file', 'warning orientation-differs'],
  'ct-samples': ['warning label-names-differ', 'warning orientation-differs'],
};

describe.skipIf(sets.length === 0)('public data sets', () => {
  it.each(sets)('%s opens, loads and has the findings that are known', async (name) => {
    const dataset = await openDataset(join(folder, name));
    expect(dataset.layout).toBe('msd');
    expect(dataset.cases.length).toBeGreaterThan(3);
    const { ok, findings } = await verifyDataset(dataset);
    expect(ok).toBe(true);
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(KNOWN[name] ?? []);
  });

  it.skipIf(!has('brats2015-sample'))('two channels come from one 4-D file', async () => {
    const dataset = await openDataset(join(folder, 'brats2015-sample'));
    expect(dataset.channels).toEqual(['FLAIR', 'T1c']);
    expect((await dataset.cases[0]!.loadImage()).channels).toBe(2);
  });

  it.skipIf(!has('lidc-multirater'))('each reader of a case has a label map', async () => {
    const dataset = await openDataset(join(folder, 'lidc-multirater'));
    const entry = dataset.cases.find(({ labelPaths }) => labelPaths.length === 4)!;
    const sizes: number[] = [];
    for (let reader = 0; reader < 4; reader++) {
      let size = 0;
      for (const value of (await entry.loadLabel(reader)).data) size += value > 0 ? 1 : 0;
      sizes.push(size);
    }
    expect(new Set(sizes).size).toBeGreaterThan(1);
    expect(new Set(dataset.cases.map(({ patient }) => patient)).size).toBe(3);
  });

  it.skipIf(!has('cardiac-mscmr-lge'))('scribbles open with their ignore label', async () => {
    const dataset = await openDataset(join(folder, 'cardiac-mscmr-lge'), {
      msd: { list: 'scribbled', label: 'scribble' },
    });
    expect(dataset).toMatchObject({ ignoreLabel: 4, cases: { length: 21 } });
    const values = new Set((await dataset.cases[0]!.loadLabel()).data);
    expect(values.has(4)).toBe(true);
  });

  it.skipIf(!has('cardiac-mscmr-bssfp'))('short-axis stacks of two orientations stay as stored', async () => {
    const print = await fingerprint(await openDataset(join(folder, 'cardiac-mscmr-bssfp')));
    expect(print.axisCodes).toBeUndefined();
    expect(print.medianSpacingMm.map((s) => Math.round(10 * s) / 10)).toEqual([8, 2, 2]);
  });

  it.skipIf(!has('hippocampus'))('the fingerprint has the numbers that NumPy finds', async () => {
    const dataset = await openDataset(join(folder, 'hippocampus'));
    const print = await fingerprint(dataset);
    expect(print.axisCodes).toBe('RAS');
    expect(print.medianShape).toEqual([36, 50, 35]);
    // Medians over the 208 cases: 1696 and 1564.5 voxels of 1 mm^3.
    expect(print.labels.map(({ medianVolumeMl }) => Math.round(1e4 * medianVolumeMl))).toEqual([16960, 15645]);
  });
});
