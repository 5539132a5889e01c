import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seg, temporaryFolder } from './support/run-seg.ts';
import { IDS, nnunetSet, type SmallSet, writeLabelFile, writeSmallSet } from './support/small-sets.ts';

const bids = (suffixes: readonly string[]): SmallSet => ({
  channels: suffixes.length,
  images: (id) => suffixes.map((suffix) => `sub-${id}/anat/sub-${id}_${suffix}.nii.gz`),
  label: (id) => `derivatives/manual/sub-${id}/anat/sub-${id}_dseg.nii.gz`,
  description: ['dataset_description.json', { Name: 'n', BIDSVersion: '1.8.0' }],
});
const manifest = (
  channels: readonly string[],
  images: (id: string) => readonly string[],
  label: (id: string) => string,
) =>
  ({
    channels: channels.length,
    images,
    label,
    description: [
      'seg.json',
      {
        schemaVersion: 1,
        name: 'n',
        channels,
        labels: [{ value: 1, name: 'box' }],
        cases: IDS.map((id) => ({ id, images: images(id), label: label(id) })),
      },
    ],
  }) satisfies SmallSet;
const msd: SmallSet = {
  channels: 2,
  images: (id) => [`imagesTr/${id}.nii.gz`],
  label: (id) => `labelsTr/${id}.nii.gz`,
  description: [
    'dataset.json',
    {
      name: 'n',
      modality: { 0: 'T1', 1: 'T2' },
      labels: { 0: 'background', 1: 'box' },
      numTraining: 4,
      training: IDS.map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    },
  ],
};

/** Data set, the folder of images to segment, that of the references, and the predictions' names. */
const LAYOUTS: readonly (readonly [string, SmallSet, string, string, readonly string[]])[] = [
  ['nnU-Net, one channel', nnunetSet(1), 'imagesTr', 'labelsTr', IDS.map((id) => `${id}.nii.gz`)],
  ['nnU-Net, two channels', nnunetSet(2), 'imagesTr', 'labelsTr', IDS.map((id) => `${id}.nii.gz`)],
  ['Decathlon, two channels in a file', msd, 'imagesTr', 'labelsTr', IDS.map((id) => `${id}.nii.gz`)],
  ['BIDS, one channel', bids(['T1w']), '.', 'derivatives', IDS.map((id) => `sub-${id}_dseg.nii.gz`)],
  ['BIDS, two channels', bids(['T1w', 'T2w']), '.', 'derivatives', IDS.map((id) => `sub-${id}_dseg.nii.gz`)],
  [
    'plain folders with X_seg and names beyond ASCII',
    { images: (id) => [`images/Mu\u0308 ${id}.nii.gz`], label: (id) => `labels/Mu\u0308 ${id}_seg.nii.gz` },
    'images',
    'labels',
    IDS.map((id) => `Mu\u0308 ${id}.nii.gz`),
  ],
  [
    'plain folders of sites with the same names',
    { images: (id) => [`images/site-${id}/scan.nii`], label: (id) => `labels/site-${id}/scan.nii` },
    'images',
    'labels',
    IDS.map((id) => `site-${id}/scan.nii`),
  ],
  [
    'a folder for each channel',
    manifest(
      ['T1', 'T2'],
      (id) => [`t1/${id}.nii.gz`, `t2/${id}.nii.gz`],
      (id) => `labels/${id}.nii.gz`,
    ),
    '.',
    'labels',
    IDS.map((id) => `${id}.nii.gz`),
  ],
  [
    'a folder for each case',
    manifest(
      ['T1', 'T2'],
      (id) => [`${id}/t1.nii.gz`, `${id}/t2.nii.gz`],
      (id) => `${id}/seg.nii.gz`,
    ),
    '.',
    '../labels-alone',
    IDS.map((id) => `${id}.nii.gz`),
  ],
];

describe('a run segments the images of its own data set, and seg evaluate pairs them', () => {
  it.each(LAYOUTS)('%s', async (_, set, images, references, names) => {
    const root = await temporaryFolder();
    const [data, run, out] = ['data', 'run', 'out'].map((name) => join(root, name)) as [string, string, string];
    await writeSmallSet(data, set);
    // The annotations alone, for where they lie beside the images.
    for (const id of IDS) await writeLabelFile(join(root, 'labels-alone', set.label(id)));
    const trained = await seg('train', '--data', data, '--out', run, '--steps', '1', '--no-verify');
    expect(trained, trained.stderr).toMatchObject({ code: 0 });
    const predicted = await seg('predict', '--run', run, '--out', out, join(data, images), '--no-mirror');
    expect(predicted, predicted.stderr).toMatchObject({ code: 0 });
    const written = (await readdir(out, { recursive: true })).filter((name) => name.includes('.nii'));
    expect(written.sort()).toEqual([...names].sort());
    const evaluate = ['--reference', join(data, references), '--out', join(root, 'scores'), '--json'];
    const scored = await seg('evaluate', '--prediction', out, ...evaluate);
    expect(scored, scored.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(scored.stdout).labels['1'].cases).toBe(IDS.length);
    const validated = await seg('evaluate', '--prediction', join(run, 'validation', 'predictions'), ...evaluate);
    expect(validated, validated.stderr).toMatchObject({ code: 0 });
  });
});
