import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVolume, type Triple } from '@seg/core';
import { axisCodesOf, type DatasetCase, type LabelMap } from '@seg/io';
import { readLabelMap } from '@seg/io/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareMapCase } from '../../src/index.ts';
import { type WriteCorrectionOptions, writeCorrection } from '../../src/node/write-correction.ts';

const shape: Triple = [1, 2, 4];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-correction-'));
  for (const name of ['corrected', 'disagreement']) await mkdir(join(folder, name));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Corrects a label of 1 x 2 x 4 voxels where the prediction has the left half of both lines. */
async function correct(id: string, values: readonly number[], options: WriteCorrectionOptions, own?: number[]) {
  const label = createVolume(Uint8Array.from(values), shape, { spacingMm: [1, 1, 1] }) as LabelMap;
  const image = createVolume(new Float32Array(8), shape, { spacingMm: [1, 1, 1] });
  const item = {
    id,
    loadLabel: async () => label,
    ...(own === undefined ? {} : { labels: own.map((value) => ({ value, name: `label ${value}` })) }),
  } as unknown as DatasetCase;
  const grid = { shape, spacingMm: [1, 1, 1], centre: 'image' } as const;
  const working = prepareMapCase(id, image, label, grid, options);
  const probabilities = Float32Array.of(1, 1, 0, 0, 1, 1, 0, 0);
  await writeCorrection(folder, { item, working, axisCodes: axisCodesOf(label.affine) }, probabilities, options);
  const read = async (name: string) => [...(await readLabelMap(join(folder, name, `${id}.nii.gz`))).data];
  return { corrected: await read('corrected'), disagreement: await read('disagreement') };
}

const none = [0, 0, 0, 0, 0, 0, 0, 0];
const left = (value: number) => [value, value, 0, 0, value, value, 0, 0];

it('fills an empty label of merged structures with the first label that the data set declares', async () => {
  const { corrected, disagreement } = await correct('empty', none, { declaredLabels: [4, 5] });
  expect(corrected).toEqual(left(4));
  expect(disagreement).toEqual(left(3));
});

it('fills it with the first of the case’s own labels, of those looked at, or with 1', async () => {
  expect((await correct('own', none, { declaredLabels: [3, 5] }, [7, 8])).corrected).toEqual(left(7));
  expect((await correct('asked', none, { labels: [5], declaredLabels: [3, 5] })).corrected).toEqual(left(5));
  expect((await correct('nothing', none, {})).corrected).toEqual(left(1));
});

it('keeps a declared value that one byte does not hold', async () => {
  expect((await correct('wide', none, { declaredLabels: [1001] })).corrected).toEqual(left(1001));
});

it('takes the values that a label has, and leaves what nobody annotated', async () => {
  const options = { declaredLabels: [3, 5], ignoreLabel: 9 };
  const { corrected, disagreement } = await correct('some', [5, 0, 0, 5, 9, 0, 0, 0], options);
  expect(corrected).toEqual([5, 5, 0, 0, 9, 5, 0, 0]);
  expect(disagreement).toEqual([1, 3, 0, 2, 255, 3, 0, 0]);
});
