import { createVolume, type Triple, type Volume } from '@seg/core';
import { describe, expect, it } from 'vitest';
import { channelKind, type Dataset, type DatasetCase, fingerprint, type LabelMap } from '../../src/index.ts';

function fakeCase(id: string, image: Volume<Float32Array>, label?: LabelMap): DatasetCase {
  return {
    id,
    patient: id,
    imagePaths: [id],
    labelPaths: label === undefined ? [] : [id],
    loadImage: () => Promise.resolve(image),
    loadLabel: () => Promise.resolve(label!),
  };
}

function fakeDataset(cases: readonly DatasetCase[], extra: Partial<Dataset> = {}): Dataset {
  const labels = [
    { value: 1, name: 'a' },
    { value: 2, name: 'b' },
  ];
  const manifest = { schemaVersion: 1, name: 'x', labels, channels: ['CT'], cases: [] } as const;
  return {
    name: 'x',
    root: '/',
    layout: 'manifest',
    labels,
    channels: ['CT'],
    cases,
    manifest,
    findings: [],
    ...extra,
  };
}

const grid = (data: readonly number[], shape: Triple, affine?: readonly number[], channels = 1) =>
  createVolume(Float32Array.from(data), shape, { channels, ...(affine === undefined ? {} : { affine }) });
const labels = (data: readonly number[], shape: Triple) => createVolume(Uint8Array.from(data), shape);

describe('fingerprint', () => {
  it('measures sizes, crops, intensities and volumes by hand-derived numbers', async () => {
    // Channel 0 is zero at the ends, channel 1 only at the end: the crop takes the union.
    const image = grid([0, 10, 20, 30, 40, 0, 7, 1, 2, 3, 4, 0], [1, 1, 6], undefined, 2);
    const first = fakeCase('p', image, labels([9, 1, 1, 2, 1, 0], [1, 1, 6]));
    const second = fakeCase('q', grid([5, 5, 5, 5], [1, 1, 4]), labels([0, 0, 0, 1], [1, 1, 4]));
    const both = {
      ...second,
      loadImage: () => Promise.resolve(grid([5, 5, 5, 5, 0, 0, 0, 0], [1, 1, 4], undefined, 2)),
    };
    const print = await fingerprint(fakeDataset([first, both], { channels: ['CT', 'T2'], ignoreLabel: 9 }));
    expect(print.cases[0]).toEqual({
      id: 'p',
      shape: [1, 1, 6],
      spacingMm: [1, 1, 1],
      voxelVolumeMl: 0.001,
      storedAxisCodes: 'RAS',
      shapeAfterCrop: [1, 1, 5],
      labelVoxels: { 1: 3, 2: 1 },
    });
    expect(print.medianShapeAfterCrop).toEqual([1, 1, 4.5]);
    expect(print.medianRelativeSizeAfterCrop).toBeCloseTo((5 / 6 + 1) / 2, 12);
    const { foreground } = print.channels[0]!;
    // Foreground values 10, 20, 30, 40, 5.
    expect(foreground).toMatchObject({ mean: 21, median: 20, min: 5, max: 40, samples: 5 });
    expect(foreground!.standardDeviation).toBeCloseTo(Math.sqrt(164), 12);
    expect(foreground!.percentile00_5).toBeCloseTo(5.1, 6);
    expect(foreground!.percentile99_5).toBeCloseTo(39.8, 6);
    expect(print.channels.map(({ kind }) => kind)).toEqual(['ct', 'other']);
    expect(print.labels).toEqual([
      { value: 1, name: 'a', cases: 2, medianVolumeMl: 0.002 },
      { value: 2, name: 'b', cases: 1, medianVolumeMl: 0.001 },
    ]);
    expect(JSON.parse(JSON.stringify(print))).toEqual(print);
  });

  it('draws at most the given number of voxels, from all over the case', async () => {
    const values = Array.from({ length: 1000 }, (_, i) => i);
    const image = grid(values, [10, 10, 10]);
    const print = await fingerprint(
      fakeDataset([
        fakeCase(
          'p',
          image,
          labels(
            values.map(() => 1),
            [10, 10, 10],
          ),
        ),
      ]),
      { samplesPerCase: 100 },
    );
    expect(print.channels[0]!.foreground).toMatchObject({ samples: 100, min: 0, max: 990, mean: 495 });
  });

  it('turns sizes to the common orientation, but leaves oblique stacks of thick slices alone', async () => {
    const stack = (id: string, affine: readonly number[]) =>
      fakeCase(id, grid(new Array(24).fill(1), [2, 3, 4], affine), labels(new Array(24).fill(1), [2, 3, 4]));
    const ras = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const sagittal = [0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]; // x to the front, y up, z to the right
    const mixed = await fingerprint(fakeDataset([stack('a', ras), stack('b', sagittal)]));
    expect(mixed.axisCodes).toBe('RAS');
    expect(mixed.cases.map(({ shape }) => shape)).toEqual([
      [2, 3, 4],
      [3, 4, 2],
    ]);
    const thick = (affine: readonly number[]) => affine.map((v, i) => (i % 4 === 2 ? 5 * v : v));
    const stacks = await fingerprint(fakeDataset([stack('a', thick(ras)), stack('b', thick(sagittal))]));
    expect(stacks.axisCodes).toBeUndefined();
    expect(stacks.medianSpacingMm).toEqual([5, 1, 1]);
    const same = await fingerprint(fakeDataset([stack('a', thick(sagittal))]));
    expect(same.axisCodes).toBe('ASR');
    expect(same.medianSpacingMm).toEqual([5, 1, 1]);
  });

  it('counts no voxel of a class that was not annotated in its case', async () => {
    const image = grid([10, 20, 30, 40], [1, 1, 4]);
    const partly = { ...fakeCase('p', image, labels([1, 2, 1, 9], [1, 1, 4])), annotatedLabels: [1] };
    const print = await fingerprint(fakeDataset([partly], { ignoreLabel: 9 }));
    expect(print.cases[0]!.labelVoxels).toEqual({ 1: 2 });
    expect(print.channels[0]!.foreground).toMatchObject({ mean: 20, min: 10, max: 30, samples: 2 });
    expect(print.labels.map(({ cases }) => cases)).toEqual([1, 0]);
  });

  it('refuses sets without annotation and pairs of different size, and stops when told to', async () => {
    const image = grid([1, 2], [1, 1, 2]);
    await expect(fingerprint(fakeDataset([fakeCase('a', image)]))).rejects.toMatchObject({ code: 'invalid-argument' });
    const wrong = fakeDataset([fakeCase('a', image, labels([1], [1, 1, 1]))]);
    await expect(fingerprint(wrong)).rejects.toMatchObject({ code: 'shape-mismatch', where: 'case a' });
    const signal = AbortSignal.abort();
    await expect(fingerprint(wrong, { signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it.each([
    ['CT', 'ct'],
    ['ct', 'ct'],
    ['CT scan', 'ct'],
    ['PET_CT', 'ct'],
    ['fractal', 'other'],
    ['MRI', 'other'],
  ])('calls the channel %s %s', (name, kind) => expect(channelKind(name)).toBe(kind));
});
