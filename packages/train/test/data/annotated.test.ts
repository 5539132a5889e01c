import { startBackend } from '@seg/backend';
import { Rng, type Triple } from '@seg/core';
import { SampleMaker, type TrainingCase } from '@seg/train';
import { expect, it } from 'vitest';
import { assembleBatch, disposeBatch } from '../../src/data/assemble-batch.ts';
import { indexAnnotated, indexForeground } from '../../src/data/cut-patch.ts';

const shape: Triple = [1, 1, 40];

/** Class 1 at 5, class 2 at 20, class 3 at 30; voxels 10 to 39 ignored where `ignored` says so. */
function caseWith(options: { readonly annotated?: readonly number[]; readonly ignored?: boolean }): TrainingCase {
  const label = new Uint8Array(40);
  label[5] = 1;
  label[20] = 2;
  label[30] = 3;
  if (options.ignored === true) label.fill(255, 10);
  const { annotated } = options;
  const info = { id: 'a', labelled: true, ...(annotated === undefined ? {} : { annotated }) };
  return { info, shape, channels: 1, image: Float32Array.from({ length: 40 }, (_, i) => i + 1), label };
}

const samplesOf = (item: TrainingCase, patch: number, foreground: boolean) => {
  const maker = new SampleMaker([item], undefined);
  return Array.from({ length: 200 }, (_, i) =>
    maker.make({ caseIndex: 0, patchSize: [1, 1, patch], foreground, augment: false, rng: Rng.fromSeed(i).state }),
  );
};

it('lists foreground of annotated classes alone, and never ignored voxels', () => {
  const { label } = caseWith({});
  expect(indexForeground(label!).map((list) => [...list])).toEqual([[5], [20], [30]]);
  expect(indexForeground(label!, { annotated: [1, 3] }).map((list) => [...list])).toEqual([[5], [30]]);
  expect(indexForeground(caseWith({ ignored: true }).label!).map((list) => [...list])).toEqual([[5]]);
});

it('lists annotated voxels where some are not, in one list', () => {
  expect(indexAnnotated(caseWith({}).label!)).toEqual([]);
  expect(indexAnnotated(new Uint8Array(4).fill(255))).toEqual([]);
  expect(indexAnnotated(caseWith({ ignored: true }).label!).map((list) => [...list])).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  ]);
});

it('centres patches on annotated classes, class by class', () => {
  const middles = samplesOf(caseWith({ annotated: [2, 3] }), 3, true).map(({ image }) => image[1]! - 1);
  expect(new Set(middles)).toEqual(new Set([20, 30]));
});

it('centres every patch of a partly annotated case on what somebody annotated', () => {
  for (const foreground of [false, true]) {
    const middles = samplesOf(caseWith({ ignored: true }), 3, foreground).map(({ image }) => image[1]! - 1);
    // The patch of the first voxel begins there.
    expect(Math.max(...middles)).toBe(foreground ? 5 : 9);
    expect(new Set(middles).size).toBe(foreground ? 1 : 9);
  }
});

it('counts nothing beyond a case that was annotated in parts, and background beyond others', () => {
  const beyond = (ignored: boolean) => samplesOf(caseWith({ ignored }), 44, false)[0]!.label;
  expect([...beyond(false).subarray(0, 3)]).toEqual([0, 0, 0]);
  expect([...beyond(true).subarray(0, 3)]).toEqual([255, 255, 0]);
  expect(beyond(true)[43]).toBe(255);
});

it('makes what is marked of an unannotated class background', async () => {
  await startBackend({ name: 'cpu' });
  const infos = [
    { id: 'a', labelled: true, annotated: [1] },
    { id: 'b', labelled: true },
  ];
  const sample = {
    image: new Float32Array(4),
    label: Uint8Array.of(1, 2, 255, 0),
    shape: [1, 1, 4] as const,
    channels: 1,
  };
  const batch = assembleBatch([sample, sample], infos);
  expect([...batch.label.dataSync()]).toEqual([1, 0, 255, 0, 1, 2, 255, 0]);
  disposeBatch(batch);
});
