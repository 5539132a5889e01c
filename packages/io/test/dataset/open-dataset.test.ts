import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createVolume, type Volume } from '@seg/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataset, writeManifest, writeNifti, writePhantomDataset } from '../../src/node/index.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-open-'));
});
afterEach(() => rm(root, { recursive: true }));

const volume = (value: number, channels = 1): Volume =>
  createVolume(new Float32Array(channels * 24).fill(value), [2, 3, 4], { channels, spacingMm: [3, 2, 1] });
const labelMap = (...values: number[]): Volume =>
  createVolume(
    Uint8Array.from({ length: 24 }, (_, i) => values[i] ?? 0),
    [2, 3, 4],
    { spacingMm: [3, 2, 1] },
  );

async function put(path: string, content: Volume | object | string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  if (typeof content === 'string') await writeFile(join(root, path), content);
  else if ('affine' in content) await writeNifti(join(root, path), content as Volume);
  else await writeFile(join(root, path), JSON.stringify(content));
}

describe('openDataset', () => {
  it('opens a Decathlon folder: modalities, labels, test cases, several readers, patients', async () => {
    await put('dataset.json', {
      name: 'set',
      modality: { 0: 'T2', 1: 'ADC' },
      labels: { 0: 'background', 2: 'rim', 1: 'core' },
      training: [
        { image: './imagesTr/patient1_frame01.nii.gz', label: './labelsTr/a.nii.gz' },
        { image: './imagesTr/b.nii.gz', label: ['./labelsTr/b1.nii.gz', './labelsTr/b2.nii.gz'], subject: 'x' },
      ],
      test: ['./imagesTs/c.nii.gz'],
    });
    await put('imagesTr/patient1_frame01.nii.gz', volume(7, 2));
    await put('labelsTr/a.nii.gz', labelMap(1, 2));
    await put('labelsTr/b2.nii.gz', labelMap(2));
    const set = await openDataset(root);
    expect(set).toMatchObject({ name: 'set', layout: 'msd', channels: ['T2', 'ADC'] });
    expect(set.labels).toEqual([
      { value: 1, name: 'core' },
      { value: 2, name: 'rim' },
    ]);
    expect(set.cases.map(({ id, patient, split }) => [id, patient, split])).toEqual([
      ['patient1_frame01', 'patient1', undefined],
      ['b', 'x', undefined],
      ['c', 'c', 'test'],
    ]);
    const image = await set.cases[0]!.loadImage();
    expect([image.channels, image.data[47], image.spacingMm]).toEqual([2, 7, [3, 2, 1]]);
    expect((await set.cases[1]!.loadLabel(1)).data[0]).toBe(2);
    await expect(set.cases[2]!.loadLabel()).rejects.toMatchObject({ code: 'not-found' });
  });

  it('uses other lists and labels of a Decathlon folder when asked, with its ignore label', async () => {
    await put('dataset.json', {
      modality: { 0: 'MRI' },
      labels: { 0: 'background', 1: 'a' },
      scribbleLabels: { 0: 'background', 1: 'a', 4: 'not annotated (ignore)' },
      training: [],
      scribbled: [{ image: 'i/a.nii', scribble: 's/a.nii' }],
    });
    const set = await openDataset(root, { msd: { list: 'scribbled', label: 'scribble' } });
    expect(set.ignoreLabel).toBe(4);
    expect(set.labels).toEqual([{ value: 1, name: 'a' }]);
    expect(set.cases[0]!.labelPaths[0]).toMatch(/s.a\.nii$/);
  });

  it('reads labels by name in a Decathlon list', async () => {
    await put('dataset.json', {
      channel_names: { 0: 'CT' },
      labels: { background: 0, b: 2, a: 1, ignore: 3 },
      training: [{ image: 'i/a.nii' }],
    });
    const { labels, ignoreLabel, channels } = await openDataset(root);
    expect({ labels, ignoreLabel, channels }).toEqual({
      labels: [
        { value: 1, name: 'a' },
        { value: 2, name: 'b' },
      ],
      ignoreLabel: 3,
      channels: ['CT'],
    });
  });

  it('finds the channel files of an nnU-Net v1 folder that lists bare names', async () => {
    await put('dataset.json', {
      modality: { 0: 'T1', 1: 'T2' },
      labels: { 0: 'background', 1: 'a' },
      training: [{ image: './imagesTr/a.nii.gz', label: './labelsTr/a.nii.gz' }],
    });
    await put('imagesTr/a_0000.nii.gz', volume(1));
    await put('imagesTr/a_0001.nii.gz', volume(2));
    const image = await (await openDataset(root)).cases[0]!.loadImage();
    expect([image.channels, image.data[0], image.data[24]]).toEqual([2, 1, 2]);
  });

  it('opens an nnU-Net v2 folder: channel files, regions, ignore label, test images', async () => {
    await put('dataset.json', {
      channel_names: { 0: 'CT', 1: 'PET' },
      labels: { background: 0, whole: [1, 2], core: 2, ignore: 3 },
      numTraining: 1,
      file_ending: '.nii',
    });
    for (const name of ['imagesTr/p1_0000', 'imagesTr/p1_0001', 'imagesTs/p2_0000'])
      await put(`${name}.nii`, volume(1));
    await put('imagesTr/._p1_0000.nii', 'resource fork');
    await put('labelsTr/p1.nii', labelMap(1, 2, 3));
    const set = await openDataset(root);
    expect(set).toMatchObject({ layout: 'nnunet', channels: ['CT', 'PET'], ignoreLabel: 3 });
    expect(set.labels).toEqual([
      { value: 1, name: 'label 1' },
      { value: 2, name: 'core' },
    ]);
    expect(set.cases.map(({ id, split }) => [id, split])).toEqual([
      ['p1', undefined],
      ['p2', 'test'],
    ]);
    expect((await set.cases[0]!.loadImage()).channels).toBe(2);
    await expect(set.cases[1]!.loadImage()).rejects.toMatchObject({ where: expect.stringContaining('p2_0001.nii') });
  });

  it('opens BIDS derivatives: sessions, preprocessed images first, names from the table', async () => {
    await put('dataset_description.json', { Name: 'x' });
    for (const sub of ['01', '02']) {
      await put(`sub-${sub}/ses-1/anat/sub-${sub}_ses-1_T1w.nii.gz`, volume(1));
      await put(`derivatives/prep/sub-${sub}/ses-1/anat/sub-${sub}_ses-1_desc-preproc_T1w.nii.gz`, volume(5));
      await put(`derivatives/prep/sub-${sub}/ses-1/anat/sub-${sub}_ses-1_desc-x_dseg.nii.gz`, labelMap(4));
    }
    await put('sub-02/ses-1/anat/sub-02_ses-1_FLAIR.nii.gz', volume(1));
    await put('derivatives/prep/dseg.tsv', 'index\tname\n0\tBackground\n4\tstem\n');
    const set = await openDataset(root);
    expect(set).toMatchObject({ layout: 'bids', channels: ['T1w'], labels: [{ value: 4, name: 'stem' }] });
    expect(set.cases.map(({ id, patient }) => [id, patient])).toEqual([
      ['sub-01_ses-1', 'sub-01'],
      ['sub-02_ses-1', 'sub-02'],
    ]);
    expect((await set.cases[0]!.loadImage()).data[0]).toBe(5);
    expect((await set.cases[0]!.loadLabel()).data[0]).toBe(4);
  });

  it('opens BIDS sets with masks, without a table, on the raw image grid', async () => {
    await put('dataset_description.json', {});
    await put('sub-01/anat/sub-01_T1w.nii', volume(1));
    await put('sub-01/anat/sub-01_T2w.nii', volume(2));
    await put('sub-01/anat/sub-01_space-MNI_T1w.nii', volume(3));
    await put('derivatives/x/sub-01/anat/sub-01_space-orig_desc-lesion_mask.nii', labelMap(1));
    await put('sub-02/anat/sub-02_T1w.nii', volume(4));
    await put('sub-02/anat/sub-02_T2w.nii', volume(4));
    const set = await openDataset(root);
    expect(set.channels).toEqual(['T1w', 'T2w']);
    expect(set.labels).toEqual([{ value: 1, name: 'label 1' }]);
    expect(set.cases.map(({ id, labelPaths }) => [id, labelPaths.length])).toEqual([
      ['sub-01', 1],
      ['sub-02', 0],
    ]);
    expect((await set.cases[0]!.loadImage()).data[24]).toBe(2);
  });

  it('asks for a manifest where BIDS names do not decide', async () => {
    await put('dataset_description.json', {});
    await expect(openDataset(root)).rejects.toThrow('0 image(s) and 0 segmentation(s)');
    await put('sub-01/anat/sub-01_acq-a_T1w.nii', volume(1));
    await put('sub-01/anat/sub-01_acq-b_T1w.nii', volume(2));
    await put('derivatives/x/sub-01/anat/sub-01_dseg.nii', labelMap(1));
    await expect(openDataset(root)).rejects.toThrow(/several T1w images of sub-01 fit.*acq-a.*acq-b/);
    await put('derivatives/x/dseg.tsv', 'index\tname\nx\ty\n');
    await rm(join(root, 'sub-01/anat/sub-01_acq-b_T1w.nii'));
    await expect(openDataset(root)).rejects.toMatchObject({
      code: 'corrupt-data',
      where: expect.stringMatching(/dseg\.tsv$/),
    });
  });

  it('opens an nnU-Net set with an explicit list of files', async () => {
    await put('dataset.json', {
      channel_names: { 0: 'CT' },
      labels: { background: 0, a: 1 },
      file_ending: '.nii',
      dataset: { one: { images: ['x/one.nii'], label: 'y/one.nii' } },
    });
    await put('x/one.nii', volume(6));
    await put('y/one.nii', labelMap(1));
    const { cases } = await openDataset(root);
    expect(cases.map(({ id }) => id)).toEqual(['one']);
    expect((await cases[0]!.loadImage()).data[0]).toBe(6);
    expect((await cases[0]!.loadLabel()).data[0]).toBe(1);
  });

  it('refuses label maps without image in plain folders', async () => {
    await put('images/a.nii', volume(1));
    await put('labels/b.nii', labelMap(1));
    await expect(openDataset(root)).rejects.toThrow('labels/b.nii');
    await rm(join(root, 'labels/b.nii'));
    await rm(join(root, 'images/a.nii'));
    await expect(openDataset(root)).rejects.toThrow('no volumes in the folder');
  });

  it('opens plain folders and finds the label values', async () => {
    await put('images/a.nii.gz', volume(1));
    await put('images/b.nii.gz', volume(2));
    await put('images/c.nii.gz', volume(2));
    await put('labels/a.nii.gz', labelMap(3, 1));
    await put('labels/b_seg.nii.gz', labelMap(7));
    const set = await openDataset(root);
    expect(set.labels.map(({ value }) => value)).toEqual([1, 3, 7]);
    expect(set.cases.map(({ id, labelPaths }) => [id, labelPaths.length])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 0],
    ]);
    const named = await openDataset(root, { labels: [{ value: 1, name: 'x' }] });
    expect(named.labels).toEqual([{ value: 1, name: 'x' }]);
  });

  it('round-trips every layout through our manifest', async () => {
    await put('images/a_0000.nii.gz', volume(1));
    await put('images/a_0001.nii.gz', volume(2));
    await put('labels/a.nii.gz', labelMap(1));
    const before = await openDataset(root);
    await writeManifest(root, before.manifest);
    const after = await openDataset(root);
    expect(after.layout).toBe('manifest');
    expect(after.manifest).toEqual(before.manifest);
    expect((await after.cases[0]!.loadImage()).channels).toBe(2);
  });

  it('takes the spacing of the manifest in place of the files', async () => {
    await put('i.nii', volume(1));
    await put('seg.json', {
      schemaVersion: 1,
      name: 'x',
      labels: [],
      channels: ['CT'],
      cases: [{ id: 'a', images: ['i.nii'], spacingMm: [5, 0.5, 0.25] }],
    });
    const image = await (await openDataset(root)).cases[0]!.loadImage();
    expect(image.spacingMm).toEqual([5, 0.5, 0.25]);
    expect([image.affine[0], image.affine[5], image.affine[10]]).toEqual([0.25, 0.5, 5]);
  });

  it('refuses links that lead out of the folder, unless they are trusted', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'seg-outside-'));
    try {
      await writeNifti(join(outside, 'a.nii'), volume(3));
      await put('images/b.nii', volume(1));
      await mkdir(join(root, 'labels'));
      await symlink(join(outside, 'a.nii'), join(root, 'images/a.nii'));
      await expect(openDataset(root)).rejects.toMatchObject({ code: 'invalid-argument' });
      const trusted = await openDataset(root, { allowLinksOutside: true });
      expect((await trusted.cases[0]!.loadImage()).data[0]).toBe(3);
      await symlink(join(root, 'images/b.nii'), join(root, 'images/c.nii'));
      await rm(join(root, 'images/a.nii'));
      expect((await openDataset(root)).cases.length).toBe(2);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('lists all unsafe paths of a dataset.json', async () => {
    await put('dataset.json', {
      modality: { 0: 'CT' },
      labels: { 0: 'background' },
      training: [
        { image: '../../a.nii', label: 'a.nii' },
        { image: '/b.nii', label: 'b.nii' },
      ],
    });
    await expect(openDataset(root)).rejects.toThrow(/2 entries are wrong[\s\S]*climbs[\s\S]*absolute/);
  });

  it.each([
    ['no such folder', join('no', 'such', 'folder')],
    ['no data set', '.'],
  ])('says what to do where there is %s', async (_, path) => {
    await expect(openDataset(join(root, path))).rejects.toMatchObject({ code: 'not-found', hint: expect.any(String) });
  });

  it('says which file is wrong where a description is broken', async () => {
    await put('dataset.json', '{"training": [');
    await expect(openDataset(root)).rejects.toThrow(/dataset\.json: not valid JSON/);
    await put('dataset.json', { training: {}, labels: {} });
    await expect(openDataset(root)).rejects.toThrow(/training must be a list/);
    await put('dataset.json', { labels: { 0: 'b' }, channel_names: { 0: 'CT' } });
    await expect(openDataset(root)).rejects.toThrow(
      /training is missing.*an nnU-Net one has channel_names and file_ending/,
    );
  });
});

describe('writePhantomDataset', () => {
  it('writes a set that opens as ours and as a Decathlon set, the same every time', async () => {
    const shape = [16, 20, 18] as const;
    const manifest = await writePhantomDataset(root, { cases: 3, seed: 5, shape });
    const ours = await openDataset(root);
    const decathlon = await openDataset(root, { layout: 'msd' });
    expect(ours.manifest).toEqual(manifest);
    expect(decathlon.cases.map(({ id }) => id)).toEqual(ours.cases.map(({ id }) => id));
    expect(decathlon.labels).toEqual(ours.labels);
    const image = await ours.cases[2]!.loadImage();
    expect(image.shape).toEqual(shape);
    const again = join(root, 'again');
    await writePhantomDataset(again, { cases: 3, seed: 5, shape });
    expect(await (await openDataset(again)).cases[2]!.loadImage()).toEqual(image);
    const label = await ours.cases[2]!.loadLabel();
    expect(new Set(label.data)).toEqual(new Set([0, 1, 2, 3]));
  });

  it('stops when told to and leaves no description', async () => {
    const controller = new AbortController();
    const options = {
      cases: 5,
      shape: [8, 8, 8],
      signal: controller.signal,
      onProgress: () => controller.abort(),
    } as const;
    await expect(writePhantomDataset(root, options)).rejects.toMatchObject({ code: 'aborted' });
    expect(existsSync(join(root, 'dataset.json'))).toBe(false);
  });
});
