import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createVolume, type Triple } from '@seg/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataset, verifyDataset, writeNifti } from '../../src/node/index.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-contract-'));
});
afterEach(() => rm(root, { recursive: true }));

const SHAPE: Triple = [3, 4, 5];
let counter = 0;

/** Writes images and label maps whose voxels no other has: label maps where the path says so. */
async function volumes(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isLabel = /label|seg|mask|roi|derivatives/i.test(path) && !/preproc|imagesTr/.test(path);
    const own = ++counter;
    const data = Float32Array.from({ length: 60 }, (_, i) => (isLabel ? (own >> (i % 16)) & 1 : i + 1000 * own));
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeNifti(join(root, path), createVolume(data, SHAPE));
  }
}

async function json(path: string, content: object): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), JSON.stringify(content));
}

/** What verification says: one line a finding. */
async function said(): Promise<readonly string[]> {
  const { findings, ok } = await verifyDataset(root);
  expect(ok).toBe(findings.every(({ severity }) => severity === 'warning'));
  return findings.map(({ severity, code, case: id, file, message, hint }) => {
    expect(hint).toMatch(/[.)]$/);
    return [severity, code, id ?? '-', file ?? '-', message].join(' ');
  });
}

/** `said` without the messages. */
const places = async () => (await said()).map((line) => line.split(' ').slice(0, 4).join(' '));

const LABELS = { background: 0, a: 1 };

async function nnunet(extra: object = {}): Promise<void> {
  for (const id of ['a', 'b']) await volumes(`imagesTr/${id}_0000.nii.gz`, `labelsTr/${id}.nii.gz`);
  await json('dataset.json', {
    channel_names: { 0: 'CT' },
    labels: LABELS,
    numTraining: 2,
    file_ending: '.nii.gz',
    ...extra,
  });
}

async function decathlon(extra: object = {}): Promise<void> {
  for (const id of ['a', 'b']) await volumes(`imagesTr/${id}.nii.gz`, `labelsTr/${id}.nii.gz`);
  const training = ['a', 'b'].map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` }));
  const described = { modality: { 0: 'CT' }, labels: { 0: 'background', 1: 'a' }, numTraining: 2, training };
  await json('dataset.json', { ...described, ...extra });
}

async function bids(...subjects: readonly string[]): Promise<void> {
  await json('dataset_description.json', { Name: 'x' });
  for (const s of subjects) {
    await volumes(`sub-${s}/anat/sub-${s}_T1w.nii.gz`, `derivatives/m/sub-${s}/anat/sub-${s}_dseg.nii.gz`);
  }
}

async function pairs(...names: readonly string[]): Promise<void> {
  for (const name of names) await volumes(`images/${name}`, `labels/${name}`);
}

const move = (from: string, to: string) => rename(join(root, from), join(root, to));

describe('an nnU-Net folder', () => {
  it('names label maps of another ending and cases without one', async () => {
    await nnunet();
    await volumes('imagesTr/c_0000.nii.gz', 'imagesTr/d_0000.nii.gz', 'labelsTr/c.nii');
    await json('dataset.json', { channel_names: { 0: 'CT' }, labels: LABELS, numTraining: 4, file_ending: '.nii.gz' });
    expect(await places()).toEqual(['error stray-file c labelsTr/c.nii', 'error missing-label d -']);
    await expect(openDataset(root)).rejects.toThrow(/labelsTr\/c\.nii[\s\S]*case d: no label map labelsTr\/d\.nii\.gz/);
  });

  it.each([
    ['upper case', 'labelsTr/b.nii.gz', 'labelsTr/B.nii.gz', ['error stray-file b labelsTr/B.nii.gz']],
    ['a channel number', 'labelsTr/b.nii.gz', 'labelsTr/b_0000.nii.gz', ['error stray-file b labelsTr/b_0000.nii.gz']],
    ['a suffix', 'labelsTr/b.nii.gz', 'labelsTr/b_seg.nii.gz', ['error stray-file b labelsTr/b_seg.nii.gz']],
    [
      'no channel number',
      'imagesTr/b_0000.nii.gz',
      'imagesTr/b.nii.gz',
      [
        'error stray-file b imagesTr/b.nii.gz',
        'error missing-image - labelsTr/b.nii.gz',
        'warning case-count - dataset.json',
      ],
    ],
    [
      'an ending in upper case',
      'imagesTr/b_0000.nii.gz',
      'imagesTr/b_0000.NII.GZ',
      [
        'error stray-file b imagesTr/b_0000.NII.GZ',
        'error missing-image - labelsTr/b.nii.gz',
        'warning case-count - dataset.json',
      ],
    ],
    [
      'a second channel',
      'labelsTr/b.nii.gz',
      'imagesTr/b_0001.nii.gz',
      ['error missing-label b -', 'error channel-count b imagesTr/b_0001.nii.gz'],
    ],
  ])('names a file with %s', async (_, from, to, expected) => {
    await nnunet();
    await move(from, to);
    expect(await places()).toEqual(expected);
  });

  it('names what is missing with what there is, test images that are lost, and surplus files', async () => {
    await nnunet({ channel_names: { 0: 'CT', 1: 'PET' } });
    await volumes('imagesTr/a_0001.nii.gz', 'imagesTs/t.nii.gz', 'labelsTr/old/a.nii.gz');
    await writeFile(join(root, 'imagesTr/notes.txt'), '');
    const lines = await said();
    expect(lines.map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual([
      'warning stray-file - -',
      'warning stray-file - -',
      'error stray-file t imagesTs/t.nii.gz',
      'error missing-file b imagesTr/b_0001.nii.gz',
    ]);
    expect(lines[0]).toContain('imagesTr/notes.txt');
    expect(lines[1]).toContain('labelsTr/old/a.nii.gz');
    expect(lines[3]).toContain('there is b_0000.nii.gz');
  });

  it('says what the folder holds where imagesTr is absent', async () => {
    await nnunet();
    await move('imagesTr', 'ImagesTr');
    expect((await said()).join('\n')).toContain(
      "no image imagesTr/CASE_0000.nii.gz; the data set's folder holds ImagesTr/, dataset.json, labelsTr/",
    );
  });

  it('may be for predicting alone, and demands no label maps of test images', async () => {
    await nnunet({ numTest: 2 });
    await volumes('imagesTs/s_0000.nii.gz', 'imagesTs/t_0000.nii.gz', 'labelsTs/s.nii.gz');
    expect((await said()).join()).toBe('warning missing-label - - 1 test case(s) have no label map in labelsTs: t');
    await rm(join(root, 'labelsTs'), { recursive: true });
    await rm(join(root, 'labelsTr'), { recursive: true });
    expect(await places()).toEqual(['warning no-annotated-cases - -']);
  });

  it.each([
    [{ file_ending: 'nii.gz' }, 'file_ending is no ending of volumes'],
    [{ channel_names: { 1: 'CT' } }, 'channel_names does not number the channels 0, 1, 2'],
  ])('refuses the description %j', async (extra, message) => {
    await nnunet(extra);
    await expect(openDataset(root)).rejects.toThrow(message);
  });

  it('takes header and voxels in two files for one image', async () => {
    for (const folder of ['imagesTr', 'labelsTr']) await mkdir(join(root, folder), { recursive: true });
    for (const stem of ['imagesTr/a_0000', 'labelsTr/a']) {
      const header = `NDims = 3\nDimSize = 5 4 3\nElementType = MET_UCHAR\nElementDataFile = ${stem.split('/')[1]}.raw\n`;
      await writeFile(join(root, `${stem}.mhd`), header);
      await writeFile(
        join(root, `${stem}.raw`),
        Uint8Array.from({ length: 60 }, (_, i) => (i + stem.length) % 2),
      );
    }
    await json('dataset.json', { channel_names: { 0: 'CT' }, labels: LABELS, numTraining: 1, file_ending: '.mhd' });
    expect(await said()).toEqual([]);
  });
});

describe('a Decathlon folder', () => {
  it('names files that no list names, lists that are not used and wrong numbers of test images', async () => {
    await decathlon({ numTest: 3, extra: [{ image: 'imagesTr/c.nii.gz', scribble: 'scribbles/c.nii.gz' }] });
    await volumes('imagesTr/c.nii.gz', 'imagesTr/d.nii.gz', 'labelsTr/d.nii.gz', 'scribbles/e.nii.gz');
    expect(await said()).toEqual([
      expect.stringMatching(/^warning stray-file .* 2 file\(s\) .*: imagesTr\/d\.nii\.gz, labelsTr\/d\.nii\.gz$/),
      expect.stringMatching(/^warning stray-file - dataset\.json the 1 image\(s\) of the list "extra" are not used$/),
      expect.stringMatching(/^warning case-count - dataset\.json numTest is 3, but there are 0/),
    ]);
  });

  it('names cases without label map, label maps that the list forgot and members with another name', async () => {
    const [a, b] = ['a', 'b'].map((id) => ({ image: `imagesTr/${id}.nii.gz` }));
    await decathlon({ training: [{ ...a, label: 'labelsTr/a.nii.gz' }, b] });
    expect(await places()).toEqual(['error stray-file b labelsTr/b.nii.gz']);
    await rm(join(root, 'labelsTr/b.nii.gz'));
    expect(await said()).toEqual(['warning missing-label - - 1 of 2 training case(s) have no label map: b']);
    await volumes('labelsTr/b.nii.gz');
    await decathlon({
      training: [
        { ...a, label: 'labelsTr/a.nii.gz' },
        { ...b, lable: 'labelsTr/b.nii.gz' },
      ],
    });
    expect(await said()).toEqual(['error missing-label b - the entry has no "label", but files under "lable"']);
  });

  it('refuses an image in two entries, and a label map that is an input', async () => {
    await decathlon({ test: ['imagesTr/b.nii.gz'] });
    await expect(openDataset(root)).rejects.toThrow('imagesTr/b.nii.gz occurs twice, in training[1] and test[0]');
    const entries = ['a', 'b'].map((id) => ({ image: `imagesTr/${id}.nii.gz`, label: 'labelsTr/a.nii.gz' }));
    await decathlon({ training: entries });
    expect(await places()).toContain('warning listed-twice b labelsTr/a.nii.gz');
    await decathlon({ training: [entries[0], { image: 'labelsTr/a.nii.gz', label: 'labelsTr/b.nii.gz' }] });
    expect(await places()).toContain('error listed-twice imagesTr_a labelsTr/a.nii.gz');
  });

  it('uses the list "validation" for validation', async () => {
    await volumes('imagesTr/v.nii.gz', 'labelsTr/v.nii.gz');
    await decathlon({ validation: [{ image: 'imagesTr/v.nii.gz', label: 'labelsTr/v.nii.gz' }] });
    expect(await said()).toEqual([]);
    expect((await openDataset(root)).cases.map(({ id, split }) => [id, split])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['v', 'validation'],
    ]);
  });
});

describe('a BIDS folder', () => {
  it.each([
    'sub-01/anat/sub-01_label-lesion_roi.nii.gz',
    'sub-01/anat/sub-01_label-lesion_mask.nii.gz',
    'derivatives/m/sub-01/anat/sub-01_desc-rater2_dseg.nii.gz',
    'derivatives/other/sub-01/anat/sub-01_dseg.nii.gz',
    'derivatives/m/sub-01/anat/sub-01_dseg.nii',
  ])('refuses a second annotation %s', async (path) => {
    await bids('01', '02');
    await volumes(path);
    const [line, ...rest] = await said();
    expect(rest).toEqual([]);
    expect(line).toMatch(/^error ambiguous sub-01 - 2 annotations of one case: /);
    expect(line).toContain(path);
    expect(line).toContain('derivatives/m/sub-01/anat/sub-01_dseg.nii.gz');
    await expect(openDataset(root)).rejects.toMatchObject({ hint: expect.stringContaining('seg.json') });
  });

  it.each(['roi', 'mask', 'probseg', 'desc-brain_mask', 'dseg', 'label-x_T1w', 'seg', 'lesion'])(
    'takes no _%s for an input',
    async (suffix) => {
      await bids('01', '02');
      for (const s of ['01', '02']) await volumes(`sub-${s}/anat/sub-${s}_${suffix}.nii.gz`);
      const dataset = await openDataset(root).catch(() => undefined);
      expect(dataset?.channels ?? ['T1w']).toEqual(['T1w']);
      expect((await said()).length).toBeGreaterThan(0); // used or not, it is named
    },
  );

  it('opens with a roi as the label map where there is nothing else, and with brain masks beside it', async () => {
    await json('dataset_description.json', {});
    await volumes(
      'sub-01/anat/sub-01_T1w.nii',
      'sub-01/anat/sub-01_label-lesion_roi.nii',
      'sub-01/anat/sub-01_desc-brain_mask.nii',
    );
    const { channels, cases } = await openDataset(root);
    expect(channels).toEqual(['T1w']);
    expect(cases[0]!.labelPaths).toEqual([join(cases[0]!.imagePaths[0]!, '../sub-01_label-lesion_roi.nii')]);
    expect(await places()).toEqual(['warning stray-file - -']);
  });

  it('names images and annotations without the other, and subjects without a suffix', async () => {
    await bids('01', '02', '03');
    await volumes('derivatives/m/sub-04/anat/sub-04_dseg.nii.gz', 'sub-05/anat/sub-05_T1w.nii.gz');
    await volumes('sub-01/anat/sub-01_FLAIR.nii.gz', 'sub-02/anat/sub-02_FLAIR.nii.gz');
    await writeFile(join(root, 'participants.tsv'), 'participant_id\nsub-01\nsub-06\n');
    expect(await said()).toEqual([
      'warning missing-image - - 1 subject(s) have no image: sub-06',
      expect.stringMatching(/^error missing-image sub-04 derivatives\/m\/sub-04\/anat\/sub-04_dseg\.nii\.gz no image/),
      'warning missing-channel - - FLAIR is not used as an input: 1 of 3 annotated cases have none (sub-03)',
      'warning missing-label - - 1 of 4 cases have no label map: sub-05',
    ]);
  });

  it('pairs runs by number and acquisitions by name, and refuses names that contradict their folder', async () => {
    await json('dataset_description.json', {});
    await volumes('sub-1/anat/sub-1_run-01_T1w.nii', 'derivatives/m/sub-1/anat/sub-1_run-1_dseg.nii');
    await volumes('sub-2/anat/sub-2_acq-a_T1w.nii', 'sub-2/anat/sub-2_acq-b_T1w.nii');
    await volumes('derivatives/m/sub-2/anat/sub-2_acq-b_dseg.nii');
    const { cases } = await openDataset(root);
    expect(cases.map(({ imagePaths }) => imagePaths[0]!.split('/').pop())).toEqual([
      'sub-1_run-01_T1w.nii',
      'sub-2_acq-b_T1w.nii',
    ]);
    await volumes('sub-3/anat/sub-4_T1w.nii');
    expect((await said()).join()).toContain('the name says sub-4, the folder sub-3');
  });

  it('refuses raw images beside those that another pipeline preprocessed, and kinds of annotation that differ', async () => {
    await bids('01', '02');
    await volumes('derivatives/p/sub-01/anat/sub-01_desc-preproc_T1w.nii.gz');
    expect(await said()).toEqual([expect.stringMatching(/^error ambiguous sub-01 - several T1w images of sub-01 fit/)]);
    await rm(join(root, 'derivatives/p'), { recursive: true });
    await move(
      'derivatives/m/sub-02/anat/sub-02_dseg.nii.gz',
      'derivatives/m/sub-02/anat/sub-02_label-lesion_mask.nii.gz',
    );
    expect((await said()).join()).toContain('_dseg in sub-01; _label-lesion_mask in sub-02');
  });

  it('leaves sourcedata alone and names volumes without BIDS names', async () => {
    await bids('01', '02');
    await volumes('sourcedata/sub-01/sub-01_T1w.nii.gz', 'derivatives/m/template.nii.gz');
    expect(await said()).toEqual([
      'warning stray-file - - 1 volume(s) have no BIDS name (sub-X_..._suffix): derivatives/m/template.nii.gz',
    ]);
  });
});

describe('plain folders', () => {
  it.each([
    ['one image in two formats', ['images/b.nii'], /one image in 2 files: images\/b\.nii, images\/b\.nii\.gz/],
    [
      'two label maps',
      ['labels/b_seg.nii.gz'],
      /2 label maps for one image: labels\/b\.nii\.gz, labels\/b_seg\.nii\.gz/,
    ],
    ['a label map in two formats', ['labels/b.nii'], /2 label maps for one image: labels\/b\.nii, labels\/b\.nii\.gz/],
    ['masks of parts', ['labels/b_liver.nii.gz'], /labels\/b_liver\.nii\.gz no image.* several masks of b/],
    ['masks in a folder of the image', ['labels/b/x.nii.gz'], /labels\/b\/x\.nii\.gz no image.* several masks of b/],
    ['a second folder', ['masks/a.nii.gz'], /each of the folders labels, masks could be the one of the label maps/],
  ])('refuse %s', async (_, paths, message) => {
    await pairs('a.nii.gz', 'b.nii.gz');
    await volumes(...paths);
    const lines = await said();
    expect(lines.length).toBe(1);
    expect(lines[0]).toMatch(/^error /);
    expect(lines[0]).toMatch(message);
    await expect(openDataset(root)).rejects.toMatchObject({ hint: expect.stringContaining('seg.json') });
  });

  it('name orphans on both sides, other files and other folders', async () => {
    await pairs('a.nii.gz');
    await volumes('images/b.nii.gz', 'labels/c.nii.gz', 'imagesTs/t.nii.gz');
    await writeFile(join(root, 'images/a.png'), '');
    expect(await said()).toEqual([
      'error missing-image - labels/c.nii.gz no image for this label map',
      'warning missing-label - - 1 of 2 images have no label map: b',
      'warning stray-file - - 1 file(s) are no volumes that are read here: images/a.png',
      'warning stray-file - - besides images and labels there are volumes in imagesTs/ (1 volume)',
    ]);
  });

  it('tell channels from numbered names by the label maps', async () => {
    await pairs('scan_0001.nii', 'scan_0002.nii', 'scan_0003.nii');
    const numbered = await openDataset(root);
    expect([numbered.cases.length, numbered.channels.length]).toEqual([3, 1]);
    await rm(join(root, 'labels'), { recursive: true });
    await volumes('labels/scan.nii', 'images/scan_0000.nii');
    const channels = await openDataset(root);
    expect([channels.cases.length, channels.channels.length]).toEqual([1, 4]);
    await volumes('images/other_0000.nii', 'images/other_0002.nii');
    expect(await said()).toContainEqual(
      expect.stringMatching(/^error missing-channel other - channel 1, 3 is missing/),
    );
    await volumes('labels/scan_0001.nii');
    expect(await said()).toContainEqual(expect.stringMatching(/^error ambiguous - - names such as scan_0001/));
  });

  it('pair a_img with a_seg', async () => {
    await volumes('images/a_img.nii', 'labels/a_seg.nii');
    expect((await openDataset(root)).cases.map(({ id, labelPaths }) => [id, labelPaths.length])).toEqual([
      ['a_img', 1],
    ]);
  });
});

describe('a manifest', () => {
  const manifest = (cases: readonly object[]) =>
    json('seg.json', {
      schemaVersion: 1,
      name: 'x',
      labels: [{ value: 1, name: 'a' }],
      channels: ['CT', 'PET'],
      cases,
    });

  it('names files beside the listed ones and files that are listed twice', async () => {
    await volumes('i/a.nii', 'i/b.nii', 'i/c.nii', 'l/a.nii');
    await manifest([{ id: 'a', images: ['i/a.nii', 'i/b.nii'] }]);
    expect((await said())[0]).toBe('warning stray-file - - 1 file(s) are named by no case of seg.json: i/c.nii');
    await manifest([{ id: 'a', images: ['i/a.nii', 'i/a.nii'], label: ['i/b.nii', 'i/b.nii'] }]);
    expect(await places()).toEqual(
      expect.arrayContaining(['error listed-twice a i/a.nii', 'error listed-twice a i/b.nii']),
    );
  });

  it('says which of two layouts is meant', async () => {
    await bids('01');
    await pairs('a.nii');
    await expect(openDataset(root)).rejects.toThrow(/2 layouts: bids.*folders.*--layout bids or --layout folders/s);
    expect((await openDataset(root, { layout: 'folders' })).cases[0]!.id).toBe('a');
    await manifest([{ id: 'mine', images: ['images/a.nii'] }]);
    expect((await openDataset(root)).cases[0]!.id).toBe('mine');
  });
});

describe('a dataset.json of two kinds', () => {
  const training = (ids: readonly string[]) =>
    ids.map((id) => ({ image: `imagesTr/${id}_0000.nii.gz`, label: `labelsTr/${id}.nii.gz` }));

  it('is read where both say the same, else refused', async () => {
    await nnunet({ training: training(['a', 'b']) });
    expect((await openDataset(root)).layout).toBe('nnunet');
    await nnunet({ training: training(['a']) });
    await expect(openDataset(root)).rejects.toThrow(/--layout nnunet or --layout msd/);
    expect((await openDataset(root, { layout: 'msd' })).cases.length).toBe(1);
  });
});

describe('names in two Unicode normal forms', () => {
  const [nfc, nfd] = ['\u00e9\uac01', '\u00e9\uac01'.normalize('NFD')];

  it('are paired in every layout, under one id', async () => {
    expect(nfc).not.toBe(nfd);
    const ids = async () => (await openDataset(root)).cases.map(({ id, labelPaths }) => [id, labelPaths.length]);
    const clear = async () => {
      await rm(root, { recursive: true });
      await mkdir(root);
    };
    await volumes(`images/${nfd}.nii`, `labels/${nfc}_seg.nii`);
    expect(await ids()).toEqual([[nfc, 1]]);
    await clear();
    await volumes(`imagesTr/${nfc}_0000.nii`, `labelsTr/${nfd}.nii`);
    await json('dataset.json', { channel_names: { 0: 'CT' }, labels: LABELS, file_ending: '.nii', numTraining: 1 });
    expect(await ids()).toEqual([[nfc, 1]]);
    expect(await said()).toEqual([]);
    await clear();
    await volumes(`imagesTr/${nfd}.nii`, `labelsTr/${nfd}.nii`);
    const training = [{ image: `imagesTr/${nfc}.nii`, label: `labelsTr/${nfc}.nii` }];
    await json('dataset.json', { modality: { 0: 'CT' }, labels: { 0: 'background', 1: 'a' }, training });
    expect(await ids()).toEqual([[nfc, 1]]);
    expect(await said()).toEqual([]);
    expect((await (await openDataset(root)).cases[0]!.loadLabel()).shape).toEqual(SHAPE);
  });

  it('are refused where both are there', async () => {
    await nnunet();
    await volumes(`imagesTr/${nfc}_0000.nii.gz`, `imagesTr/${nfd}_0000.nii.gz`);
    expect((await said()).join()).toContain('names that look the same');
  });
});

describe('links', () => {
  it('to folders are followed inside the set and refused by name outside', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'seg-outside-'));
    try {
      await bids('01', '02');
      await move('sub-02', '.store');
      await symlink('.store', join(root, 'sub-02'));
      await symlink('..', join(root, 'sub-01', 'up')); // without end
      expect((await openDataset(root)).cases.length).toBe(2);
      await rename(join(root, '.store'), join(outside, 'sub-02'));
      await rm(join(root, 'sub-02'));
      await symlink(join(outside, 'sub-02'), join(root, 'sub-02'));
      await expect(openDataset(root)).rejects.toMatchObject({
        code: 'invalid-argument',
        problem: "sub-02 is a link that leads out of the data set's folder",
        got: expect.stringContaining(outside),
        hint: expect.stringContaining('--allow-links-outside'),
      });
      expect((await openDataset(root, { allowLinksOutside: true })).cases.length).toBe(2);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('to a folder of images and to a description are named once', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'seg-outside-'));
    try {
      await decathlon();
      await rename(join(root, 'imagesTr'), join(outside, 'imagesTr'));
      await symlink(join(outside, 'imagesTr'), join(root, 'imagesTr'));
      expect((await said()).map((line) => line.split(' is a link')[0])).toEqual([
        'error unreadable-description - - imagesTr',
      ]);
      await rename(join(root, 'dataset.json'), join(outside, 'dataset.json'));
      await symlink(join(outside, 'dataset.json'), join(root, 'dataset.json'));
      expect((await said()).join()).toContain('dataset.json is a link');
      expect((await openDataset(root, { allowLinksOutside: true })).cases.length).toBe(2);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('without target are named with it', async () => {
    await pairs('a.nii', 'b.nii');
    await rm(join(root, 'images/b.nii'));
    await symlink('../gone/b.nii', join(root, 'images/b.nii'));
    expect((await said()).join()).toMatch(/missing-file b images\/b\.nii .*link to \.\.\/gone\/b\.nii/);
  });
});

describe('a folder of no layout', () => {
  it('is refused with the layouts and what it holds', async () => {
    await volumes('Images/a.nii', 'Images/b.nii', 'x.nii.gz');
    await expect(openDataset(root)).rejects.toMatchObject({
      code: 'not-found',
      got: 'Images/ (2 volumes), x.nii.gz',
      expected: expect.stringMatching(/seg\.json.*msd.*nnunet.*bids.*images\//),
    });
    expect((await said()).join()).toMatch(/Images\/ \(2 volumes\), x\.nii\.gz.*expected one of manifest/);
  });

  it('is refused with the data set in it', async () => {
    await json('Task1/dataset.json', {});
    await expect(openDataset(root)).rejects.toMatchObject({ hint: expect.stringContaining('Give the folder Task1') });
  });
});
