import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createVolume, Rng, type Triple } from '@seg/core';
import { readLabelMap, writeNifti } from '@seg/io/node';
import { describe, expect, it } from 'vitest';
import { seg, temporaryFolder } from './support/run-seg.ts';

const shape: Triple = [10, 12, 12];
const IGNORED = 3;

interface Case {
  /** Values of the label map in place of the drawn ones: class 1 in front of class 2. */
  readonly label?: (value: number, i: number) => number;
  readonly annotatedLabels?: readonly number[];
  readonly split?: 'validation';
}

/** Two training cases and those given, with a box of class 1 and one of class 2 each; air where `IGNORED` is. */
async function writeDataset(root: string, more: readonly Case[]) {
  const cases: object[] = [];
  for (const folder of ['images', 'labels']) await mkdir(join(root, folder), { recursive: true });
  for (const [n, { label = (v: number) => v, ...rest }] of [{}, {}, ...more].entries() as IterableIterator<
    [number, Case]
  >) {
    const rng = Rng.fromSeed(n);
    const z = rng.integer(4);
    const values = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => {
      const at = [Math.floor(i / 144), Math.floor(i / 12) % 12, i % 12] as const;
      const inside = at[0] >= z && at[0] < z + 4 && at[2] > 3 && at[2] < 8;
      return label(inside ? (at[1] < 6 ? 1 : 2) : 0, i);
    });
    const intensity = [0, 40, 60, -1000];
    const image = Float32Array.from(values, (v) => intensity[v]! + rng.normal(0, 3));
    const id = `p${n}`;
    const [imagePath, labelPath] = [`images/${id}.nii.gz`, `labels/${id}.nii.gz`];
    await writeNifti(join(root, imagePath), createVolume(image, shape));
    await writeNifti(join(root, labelPath), createVolume(values, shape));
    cases.push({ id, images: [imagePath], label: labelPath, ...rest });
  }
  const labels = [1, 2].map((value) => ({ value, name: `class ${value}` }));
  const manifest = { schemaVersion: 1, name: 'set', channels: ['CT'], labels, ignoreLabel: IGNORED, cases };
  await writeFile(join(root, 'seg.json'), JSON.stringify(manifest));
}

const validation = { split: 'validation' } as const;
const nothing = () => 0;
const ignored = () => IGNORED;
/** The part of a case that is annotated. */
const half = (value: number, i: number) => (i % 12 < 6 ? value : IGNORED);

async function train(cases: readonly Case[], ...options: string[]) {
  const root = await temporaryFolder();
  const [data, run] = [join(root, 'data'), join(root, 'run')];
  await writeDataset(data, cases);
  const args = ['train', '--data', data, '--out', run, '--steps', '2', '--seed', '1', ...options];
  const { code, stderr, stdout } = await seg(...args);
  const read = async (name: string) => readFile(join(run, name), 'utf8');
  return { data, run, code, stderr, stdout, read };
}

/** Numbers of the last validation. */
async function lastValidation(read: (name: string) => Promise<string>) {
  const lines = (await read('metrics.jsonl')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).findLast(({ kind }) => kind === 'validation').metrics;
}

async function rows(read: (name: string) => Promise<string>) {
  const lines = (await read('validation/cases.csv')).trimEnd().split('\n').slice(1);
  return lines.map((line) => line.split(',').slice(0, 2).join(' '));
}

describe('seg train where a score is undefined', () => {
  it.each(['supervised', 'plain-unet', 't-loss-unet'])(
    '%s goes on, its last weights are best, and so after --resume',
    async (method) => {
      const { run, code, stdout, read } = await train([{ ...validation, label: nothing }], '--method', method);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^label +cases +dice +n +hd95_mm +n +empty_prediction +empty_reference +empty_both\n1 class 1 +1 /,
      );
      expect((await lastValidation(read)).score).toBeNull();
      for (const name of ['last', 'best']) {
        const { step, best } = JSON.parse(await read(`checkpoints/${name}.json`));
        expect([step, best]).toEqual([2, { step: 2, score: null }]);
      }
      expect(await read('report.html')).toContain('</html>');
      const resumed = await seg('train', '--resume', run, '--json');
      expect(resumed.code).toBe(0);
      expect(JSON.parse(resumed.stdout).best).toEqual({ step: 2, score: null });
    },
  );

  it('goes on where nothing of the validation cases was annotated', async () => {
    for (const blank of [{ label: ignored }, { annotatedLabels: [] }]) {
      const { code, stdout, stderr, read } = await train([{ ...validation, ...blank }]);
      expect(code).toBe(0);
      expect(stderr).toContain('1 of 1 cases count as unlabelled, because nothing in them was annotated: p2');
      expect(stderr).toContain('nothing is annotated in validation case p2: it has no score');
      expect(stdout).toMatch(/\n1 class 1 +0 +- +0 +- +0 +0 +0 +0\n/);
      expect(await lastValidation(read)).toEqual({ score: null });
      expect(await rows(read)).toEqual([]);
      expect(await read('report.html')).toContain('not annotated');
    }
  });

  it('takes images of which nothing was annotated as unlabelled, and writes nothing where there are no others', async () => {
    const { code, stderr } = await train([{ label: ignored }, validation]);
    expect(code).toBe(0);
    expect(stderr).toContain('1 of 3 cases count as unlabelled');
    const root = await temporaryFolder();
    await writeDataset(join(root, 'data'), [validation]);
    const manifest = JSON.parse(await readFile(join(root, 'data', 'seg.json'), 'utf8'));
    for (const item of manifest.cases.slice(0, 2)) item.annotatedLabels = [];
    await writeFile(join(root, 'data', 'seg.json'), JSON.stringify(manifest));
    const refused = await seg('train', '--data', join(root, 'data'), '--out', join(root, 'run'), '--steps', '2');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/no training case takes part in it \(got 2 case\(s\), 0 with labels\)/);
    await expect(readFile(join(root, 'run', 'config.json'))).rejects.toThrow(/ENOENT/);
  });
});

describe('seg train where not all was annotated', () => {
  it('normalises by annotated foreground, and scores validation cases outside of ignored voxels', async () => {
    const { data, run, read } = await train([{ label: half }, { ...validation, label: half }]);
    const { preprocessing } = JSON.parse(await read('config.json')).plan;
    const [{ low, high, mean }] = preprocessing.normalisation;
    expect(low > 25 && high < 75 && mean > 45 && mean < 55).toBe(true);
    const reference = await readLabelMap(join(data, 'labels', 'p3.nii.gz'));
    const prediction = await readLabelMap(join(run, 'validation', 'predictions', 'p3.nii.gz'));
    for (const line of (await read('validation/cases.csv')).trimEnd().split('\n').slice(1)) {
      const [, label, dice] = line.split(',').map(Number);
      let [both, all] = [0, 0];
      reference.data.forEach((r, i) => {
        if (r === IGNORED) return;
        const p = prediction.data[i]!;
        if (p === label && r === label) both++;
        all += Number(p === label) + Number(r === label);
      });
      expect(dice).toBe((2 * both) / all);
    }
  });

  it('scores no class in a case in which it was not annotated', async () => {
    const without2 = (value: number) => (value === 2 ? 0 : value);
    const partly = { ...validation, label: without2, annotatedLabels: [1] };
    const { read } = await train([partly, validation]);
    expect(await rows(read)).toEqual(['p2 1', 'p3 1', 'p3 2']);
    const { labels } = JSON.parse(await read('validation/summary.json'));
    expect([labels[1].cases, labels[2].cases]).toEqual([2, 1]);
    expect(await read('report.html')).toContain('not annotated');
    const alone = await train([{ annotatedLabels: [1], label: without2 }, partly]);
    expect((await lastValidation(alone.read)).dice2).toBeNull();
    expect(alone.stdout).toMatch(/\n2 class 2 +0 +- +0 +- +0 +0 +0 +0\n/);
  });
});
