import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLabelMap, writeImage } from '@seg/io/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { type SegResult, seg, spawnSeg, temporaryFolder } from './support/run-seg.ts';

let root: string;
let data: string;
let out: string;
let curated: SegResult;

beforeAll(async () => {
  root = await temporaryFolder();
  [data, out] = [join(root, 'data'), join(root, 'curated')];
  await seg('phantom', '--out', data, '--cases', '8', '--size', '8,12,12');
  // A label without a voxel: its volume is infinitely far from the others'.
  const empty = join(data, 'labelsTr', 'phantom_0008.nii.gz');
  const label = await readLabelMap(empty);
  await writeImage(empty, { ...label, data: new Uint8Array(label.data.length) });
  const settings = ['--label', '1', '--label', '2', '--seed', '3', '--minutes', '0.05', '--correct-all'];
  curated = await spawnSeg(['curate', '--data', data, '--out', out, ...settings, '--json']);
});

const text = (name: string) => readFile(join(out, name), 'utf8');

describe('seg curate', () => {
  it('leaves a complete run and prints its ranking as JSON alone', async () => {
    expect(curated.code, curated.stderr).toBe(0);
    expect(curated.stderr).toMatch(/^backend: wasm/);
    const result = JSON.parse(curated.stdout);
    expect(result).toMatchObject({ out, report: join(out, 'report.html'), seconds: expect.any(Number) });
    const names = await readdir(out);
    for (const name of ['ranking.csv', 'map.json', 'latents.jsonl', 'report.html', 'corrected', 'disagreement'])
      expect(names).toContain(name);

    const ids = Array.from({ length: 8 }, (_, i) => `phantom_000${i + 1}`);
    const ranked: string[] = result.ranking.map((row: { case: string }) => row.case);
    expect(ranked.toSorted()).toEqual(ids);
    const [head, ...lines] = (await text('ranking.csv')).trimEnd().split('\n');
    const columns = head!.split(',');
    expect(columns).toEqual(Object.keys(result.ranking[0]));
    expect(lines.map((line) => line.split(',')[0])).toEqual(ranked);
    const score = columns.indexOf(JSON.parse(await text('map.json')).recommendedScore);
    const scores = lines.map((line) => Number(line.split(',')[score]));
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));

    const last = JSON.parse((await text('latents.jsonl')).trimEnd().split('\n').at(-1)!);
    expect(Object.keys(last.latents).toSorted()).toEqual(ids);
    const html = await text('report.html');
    expect(html).toContain('</html>');
    // The page saves the columns of ranking.csv.
    expect(html).toContain(`"columns":${JSON.stringify(columns)}`);
    for (const folder of ['corrected', 'disagreement'])
      expect((await readdir(join(out, folder))).toSorted()).toEqual(ids.map((id) => `${id}.nii.gz`));
  });

  it('prints the infinite score of an empty label, apart from those that were not computed', async () => {
    const { ranking } = JSON.parse(curated.stdout);
    const scores = Object.fromEntries(
      ranking.map((row: { case: string; volume_only: unknown }) => [row.case, row.volume_only]),
    );
    const { phantom_0008: infinite, ...others } = scores;
    expect(infinite).toBe('inf');
    for (const score of Object.values(others)) expect(score).toBeTypeOf('number');
    const [head, ...lines] = (await text('ranking.csv')).trimEnd().split('\n');
    const line = lines.find((row) => row.startsWith('phantom_0008,'))!;
    expect(line.split(',')[head!.split(',').indexOf('volume_only')]).toBe('inf');
  });

  it('looks at the labels that were named, with the seed that was named', async () => {
    const map = JSON.parse(await text('map.json'));
    expect(map).toMatchObject({ seed: 3, minutes: 0.05, labels: [1, 2] });
    const name = 'phantom_0001.nii.gz';
    const given = await readLabelMap(join(data, 'labelsTr', name));
    const corrected = await readLabelMap(join(out, 'corrected', name));
    const inside = [...given.data].filter((v) => v === 1 || v === 2).length;
    const voxelMl = given.spacingMm.reduce((a, b) => a * b) / 1000;
    expect(map.cases[0].case).toBe('phantom_0001');
    expect(map.cases[0].volumeMl).toBeCloseTo(inside * voxelMl, 6);
    // The third label is nobody's business.
    const third = [...given.data.keys()].filter((i) => given.data[i] === 3);
    expect(third.length).toBeGreaterThan(0);
    expect(third.every((i) => corrected.data[i] === 3)).toBe(true);
    const { data: compared } = await readLabelMap(join(out, 'disagreement', name));
    expect([...new Set(compared)].every((v) => [0, 1, 2, 3, 255].includes(v))).toBe(true);
  });

  it('refuses what it cannot do, and leaves nothing behind', async () => {
    const missing = await seg('curate', '--data', data);
    expect(missing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--out RUN') });
    const none = await seg('curate', '--out', join(root, 'x'));
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--data DIR') });
    const label = await seg('curate', data, '--out', join(root, 'x'), '--label', '0');
    expect(label).toMatchObject({ code: 2, stderr: expect.stringContaining('--label') });

    const used = join(root, 'used');
    await mkdir(used);
    await writeFile(join(used, 'notes.txt'), 'mine');
    const refused = await seg('curate', data, '--out', used, '--minutes', '0.05');
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(used) });
    expect(await readdir(used)).toEqual(['notes.txt']);
    const gone = await seg('curate', join(root, 'gone'), '--out', join(root, 'x'));
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining(join(root, 'gone')) });
    expect(await readdir(root)).not.toContain('x');
  });
});
