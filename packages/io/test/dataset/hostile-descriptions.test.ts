import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset, verifyDataset } from '../../src/node/index.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-hostile-'));
  await mkdir(join(root, 'imagesTr'));
});
afterAll(() => rm(root, { recursive: true }));

const msd = {
  name: 'x',
  modality: { 0: 'CT' },
  labels: { 0: 'background', 1: 'a' },
  training: [{ image: 'imagesTr/a.nii', label: 'labelsTr/a.nii', labels: { 1: 'b' }, patient: 'p' }],
  test: ['imagesTs/b.nii'],
};
const nnunet = {
  channel_names: { 0: 'CT' },
  labels: { background: 0, a: 1, region: [1, 2] },
  file_ending: '.nii',
  dataset: { c: { images: ['imagesTr/c.nii'], label: 'labelsTr/c.nii' } },
};

/** A copy of a JSON value in which something, anywhere, is replaced by another value. */
function mutations(original: object): fc.Arbitrary<unknown> {
  const paths: (readonly string[])[] = [];
  const visit = (value: unknown, path: readonly string[]) => {
    paths.push(path);
    if (typeof value === 'object' && value !== null) {
      for (const [key, child] of Object.entries(value)) visit(child, [...path, key]);
    }
  };
  visit(original, []);
  const strange = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      '../../etc/passwd',
      '/etc/passwd',
      'a\u0000b',
      '',
      'C:\\x',
      -1,
      1e300,
      2 ** 53,
      { __proto__: null },
      [[]],
    ),
    fc.constantFrom('__proto__', 'constructor', 'toString').map((key) => ({ [key]: 1 })),
  );
  return fc.tuple(fc.constantFrom(...paths), strange).map(([path, value]) => {
    if (path.length === 0) return value;
    const copy = JSON.parse(JSON.stringify(original));
    let parent = copy;
    for (const key of path.slice(0, -1)) parent = parent[key];
    parent[path[path.length - 1]!] = value;
    return copy;
  });
}

describe('a hostile dataset.json', () => {
  it.each([
    ['Decathlon', msd],
    ['nnU-Net', nnunet],
  ])('of the %s kind gives a data set or a SegError, and a report in every case', async (_, original) => {
    await fc.assert(
      fc.asyncProperty(mutations(original), async (description) => {
        await writeFile(join(root, 'dataset.json'), JSON.stringify(description));
        try {
          const { cases } = await openDataset(root);
          for (const path of cases.flatMap((c) => [...c.imagePaths, ...c.labelPaths])) {
            expect(path.startsWith(join(root, '/'))).toBe(true);
          }
        } catch (error) {
          expect(error).toMatchObject({ name: 'SegError' });
        }
        const report = await verifyDataset(root);
        expect(report.ok).toBe(false); // no file is there
        expect(({} as Record<string, unknown>)['1']).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});
