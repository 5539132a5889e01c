import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pairLabelMaps } from '../src/tasks/pair-label-maps.ts';
import { temporaryFolder } from './support/run-seg.ts';

/** Pairs of two folders with these files, as names without folders; files may be empty, as only names are looked at. */
async function pairs(predictions: readonly string[], references: readonly string[]) {
  const root = await temporaryFolder();
  const [p, r] = [join(root, 'p'), join(root, 'r')];
  for (const [folder, names] of [
    [p, predictions],
    [r, references],
  ] as const) {
    await mkdir(folder);
    for (const name of names) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), '');
    }
  }
  const found = await pairLabelMaps(p, r);
  return found.map(({ prediction, reference }) => [prediction.slice(p.length + 1), reference.slice(r.length + 1)]);
}

describe('pairLabelMaps', () => {
  it.each([
    ['nnU-Net', 'c_0000.nii.gz', 'c.nii.gz'],
    ['nnU-Net predictions', 'c.nii.gz', 'c.nii.gz'],
    ['other formats', 'c.nii', 'c.nrrd'],
    ['X_seg', 'c.nii.gz', 'c_seg.nii.gz'],
    ['X_img and X_seg', 'c_img.nii.gz', 'c_seg.nii.gz'],
    ['X_img and X', 'c_img.nii.gz', 'c.nii.gz'],
    ['X-mask', 'c.nii.gz', 'c-mask.nii.gz'],
    ['a folder for each case', 'c.nii.gz', 'c/seg.nii.gz'],
    ['sub-folders', 'site1/c.nii.gz', 'site1/c.nii.gz'],
    ['ids of sub-folders', 'site1_c.nii.gz', 'site1/c.nii.gz'],
    ['BIDS images', 'sub-1_ses-2_T1w.nii.gz', 'sub-1/ses-2/anat/sub-1_ses-2_dseg.nii.gz'],
    ['BIDS', 'sub-1_dseg.nii.gz', 'sub-1/anat/sub-1_space-orig_desc-manual_dseg.nii.gz'],
    ['BIDS masks', 'sub-1_acq-3d_dseg.nii.gz', 'sub-1_desc-lesion_mask.nii.gz'],
    ['the other form of Unicode', 'M\u00fcller.nii.gz', 'Mu\u0308ller_seg.nii.gz'],
  ])('pairs %s', async (_, prediction, reference) => {
    expect(await pairs([prediction], [reference, 'other.nii.gz'])).toEqual([[prediction, reference]]);
  });

  it('takes the same name before all others where every name has its own', async () => {
    const names = ['c.nii.gz', 'c_0000.nii.gz', 'c_seg.nii.gz', 'phantom_0001.nii.gz', 'phantom_0002.nii.gz'];
    expect(await pairs(names, names)).toEqual(names.map((name) => [name, name]));
  });

  it.each([
    ['the label map and another of its name', ['c.nii.gz'], ['c.nii.gz', 'c_seg.nii.gz'], 'could belong to'],
    ['a number and the case', ['c_0000.nii.gz'], ['c.nii.gz', 'c_0000.nii.gz'], 'could belong to'],
    [
      'two annotators',
      ['sub-1_dseg.nii.gz'],
      ['sub-1_desc-a_dseg.nii.gz', 'sub-1_desc-b_dseg.nii.gz'],
      'could belong to',
    ],
    ['two folders', ['c.nii.gz'], ['a/c.nii.gz', 'b/c.nii.gz'], 'could belong to'],
    ['two predictions', ['c_0000.nii.gz', 'c_img.nii.gz'], ['c.nii.gz'], 'could both belong to'],
  ])('refuses %s, with both readings', async (_, predictions, references, problem) => {
    const refused = pairs(predictions, references);
    await expect(refused).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(refused).rejects.toThrow(problem);
    const readings = references.length > 1 ? references : predictions;
    for (const name of readings) await expect(refused).rejects.toThrow(name);
  });

  it('does not take numbers of cases for channels of references', async () => {
    await expect(pairs(['p.nii.gz'], ['p_0001.nii.gz'])).rejects.toMatchObject({ code: 'not-found' });
  });
});
