import { createVolume } from '@seg/core';
import { groupImages, type ImageFile, type ImageNaming, imageNaming, type ManifestCase, stackChannels } from '@seg/io';
import { describe, expect, it } from 'vitest';

/** A data set with these cases; only what the naming looks at. */
function named(
  layout: Parameters<typeof imageNaming>[0]['layout'],
  channels: number,
  cases: readonly (Partial<ManifestCase> & Pick<ManifestCase, 'images'>)[],
): ImageNaming {
  const names = Array.from({ length: channels }, (_, c) => `channel ${c}`);
  const full = cases.map((entry, i): ManifestCase => ({ id: `case ${i}`, ...entry }));
  const manifest = { schemaVersion: 1, name: 'n', labels: [], channels: names, cases: full } as const;
  return imageNaming({ layout, channels: names, manifest });
}

/** Files of the folder /d, which was named. */
function files(paths: readonly string[]): ImageFile[] {
  return paths.map((name) => {
    const [, stem, ending] = /([^/]*?)(\.nii\.gz|\.nii|\.nrrd)$/.exec(name)!;
    return { path: `/d/${name}`, stem: stem!, ending: ending!, inside: '/d' };
  });
}

/** Files that were named themselves. */
const alone = (paths: readonly string[]) => files(paths).map(({ inside, ...file }) => file);

const grouped = (list: readonly ImageFile[], naming: ImageNaming | undefined, channels: number) => {
  const { images, refused, leftOut } = groupImages(list, naming, channels);
  const short = ({ path }: ImageFile) => path.slice(3);
  return {
    images: Object.fromEntries(images.map((image) => [image.name, image.files.map(short)])),
    refused: refused.map(({ problem }) => problem),
    leftOut: leftOut.map(short),
  };
};

describe('imageNaming', () => {
  it("is nnU-Net's numbers, with one channel, too", () => {
    const numbers = { kind: 'marked', channels: [{ suffix: '_0000' }, { suffix: '_0001' }] };
    const two = [{ images: ['imagesTr/a_0000.nii.gz', 'imagesTr/a_0001.nii.gz'], label: 'labelsTr/a.nii.gz' }];
    expect(named('nnunet', 2, two)).toEqual(numbers);
    expect(named('nnunet', 1, [{ images: ['imagesTr/a_0000.nii.gz'] }])).toEqual({
      kind: 'marked',
      channels: [{ suffix: '_0000' }],
    });
  });

  it('leaves _0000 in names where the label maps have it as well, or others have no number', () => {
    const whole = { kind: 'whole' };
    expect(named('msd', 1, [{ images: ['i/a_0000.nii.gz'], label: 'l/a_0000.nii.gz' }])).toEqual(whole);
    expect(named('msd', 1, [{ images: ['i/a_0000.nii.gz'] }, { images: ['i/b.nii.gz'] }])).toEqual(whole);
    expect(named('msd', 1, [{ images: ['i/a_0000.nii.gz'], label: 'l/a.nii.gz' }])).toMatchObject({ kind: 'marked' });
    expect(named('msd', 4, [{ images: ['i/a.nii.gz'], label: 'l/a.nii.gz' }])).toEqual(whole);
  });

  it('finds words, whole names and folders that tell channels apart', () => {
    const brats = ['a_1', 'b_2'].map((p) => ({ images: ['t1', 't1ce', 'flair'].map((c) => `${p}/${p}_${c}.nii.gz`) }));
    expect(named('manifest', 3, brats)).toEqual({
      kind: 'marked',
      channels: [{ suffix: '_t1' }, { suffix: '_t1ce' }, { suffix: '_flair' }],
      nested: true,
    });
    const byFolder = ['a', 'b'].map((p) => ({ images: [`t1/${p}.nii.gz`, `t2/${p}.nii.gz`] }));
    expect(named('manifest', 2, byFolder)).toEqual({
      kind: 'marked',
      channels: [{ folder: 't1' }, { folder: 't2' }],
      nested: true,
    });
    const byName = ['a', 'b'].map((p) => ({ images: [`${p}/t1.nii.gz`, `${p}/t2.nii.gz`] }));
    expect(named('manifest', 2, byName)).toMatchObject({ channels: [{ stem: 't1' }, { stem: 't2' }] });
    expect(named('manifest', 1, [{ images: ['a/img.nii'] }, { images: ['b/img.nii'] }])).toMatchObject({
      channels: [{ stem: 'img' }],
    });
  });

  it('is the list itself where no rule holds for all cases', () => {
    const odd = [{ images: ['p.nii', 'q.nii'] }, { images: ['r.nii', 's.nii'] }];
    expect(named('manifest', 2, odd)).toEqual({
      kind: 'listed',
      cases: { 'case 0': ['p.nii', 'q.nii'], 'case 1': ['r.nii', 's.nii'] },
      nested: true,
    });
  });

  it('is the suffixes of BIDS, with the space and the processing that all images have', () => {
    const images = ['01', '02'].map((s) => ({
      images: [`sub-${s}/anat/sub-${s}_desc-preproc_T1w.nii.gz`, `sub-${s}/anat/sub-${s}_T2w.nii.gz`],
    }));
    expect(named('bids', 2, images)).toEqual({
      kind: 'bids',
      channels: [
        { suffix: 'T1w', space: null, desc: 'preproc' },
        { suffix: 'T2w', space: null, desc: null },
      ],
      nested: true,
    });
  });
});

describe('groupImages', () => {
  const two: ImageNaming = { kind: 'marked', channels: [{ suffix: '_0000' }, { suffix: '_0001' }] };
  const one: ImageNaming = { kind: 'marked', channels: [{ suffix: '_0000' }] };

  it('takes complete images in order of the channels and refuses the others by name', () => {
    const list = ['x_0001.nii.gz', 'x_0000.nii.gz', 'gap_0000.nii.gz', 'gap_0002.nii.gz', 'high_0001.nii.gz'];
    const { images, refused } = grouped(files(list), two, 2);
    expect(images).toEqual({ x: ['x_0000.nii.gz', 'x_0001.nii.gz'] });
    expect(refused).toEqual([
      expect.stringMatching(/\/d\/gap: gap_0001\.nii\.gz is missing; gap_0002\.nii\.gz is no channel of the run/),
      expect.stringMatching(/\/d\/high: high_0000\.nii\.gz is missing/),
    ]);
  });

  it('refuses one channel in two formats, channels of different formats and channels too many', () => {
    const list = ['a_0000.nii', 'a_0000.nii.gz', 'a_0001.nii', 'b_0000.nii', 'b_0001.nrrd'];
    const surplus = ['c_0000.nii', 'c_0001.nii', 'c_0002.nii'];
    const { images, refused } = grouped(files([...list, ...surplus]), two, 2);
    expect(images).toEqual({});
    expect(refused).toEqual([
      expect.stringContaining('a_0000.nii and /d/a_0000.nii.gz are the same channel'),
      expect.stringContaining('b_0000.nii, b_0001.nrrd are of different formats'),
      expect.stringContaining('c_0002.nii is no channel'),
    ]);
  });

  it('names an image of one channel without its number, and knows another number', () => {
    expect(grouped(files(['x_0000.nii.gz', 'y_0001.nii.gz']), one, 1)).toEqual({
      images: { x: ['x_0000.nii.gz'] },
      refused: [expect.stringContaining('y_0000.nii.gz is missing')],
      leftOut: [],
    });
  });

  it('leaves label maps beside the images out of folders, not those that are named themselves', () => {
    const list = ['x_0000.nii.gz', 'x.nii.gz', 'x_seg.nii.gz', 'scan.nii.gz'];
    const folder = grouped(files(list), one, 1);
    expect(folder.images).toEqual({ x: ['x_0000.nii.gz'], scan: ['scan.nii.gz'] });
    expect(folder.leftOut).toEqual(['x.nii.gz', 'x_seg.nii.gz']);
    const { images } = grouped(alone(['x_0000.nii.gz', 'x_seg.nii.gz']), one, 1);
    expect(Object.keys(images)).toEqual(['x', 'x_seg']);
    const whole = grouped(
      files(['a.nii.gz', 'a_seg.nii', 'b_img.nii.gz', 'b_seg.nii.gz', 'c_mask.nii.gz']),
      { kind: 'whole' },
      1,
    );
    expect(whole.leftOut).toEqual(['a_seg.nii', 'b_seg.nii.gz']);
    expect(Object.keys(whole.images)).toEqual(['a', 'b_img', 'c_mask']);
  });

  it('keeps numbers in the names of sets without numbered channels', () => {
    const { images } = grouped(files(['x_0000.nii.gz', 'x_0001.nii.gz']), { kind: 'whole' }, 1);
    expect(Object.keys(images)).toEqual(['x_0000', 'x_0001']);
  });

  it('groups channels by folders, by whole names, and by lists', () => {
    const byFolder: ImageNaming = { kind: 'marked', channels: [{ folder: 't1' }, { folder: 't2' }], nested: true };
    expect(grouped(files(['t1/a.nii', 't2/a.nii', 't1/b.nii']), byFolder, 2)).toEqual({
      images: { a: ['t1/a.nii', 't2/a.nii'] },
      refused: [expect.stringContaining('t2/b.nii is missing')],
      leftOut: [],
    });
    const byName: ImageNaming = { kind: 'marked', channels: [{ stem: 't1' }, { stem: 't2' }], nested: true };
    expect(grouped(files(['p7/t1.nii', 'p7/t2.nii', 'p7/seg.nii']), byName, 2)).toEqual({
      images: { p7: ['p7/t1.nii', 'p7/t2.nii'] },
      refused: [],
      leftOut: ['p7/seg.nii'],
    });
    const listed: ImageNaming = { kind: 'listed', cases: { k: ['p.nii', 'q.nii'], l: ['r.nii', 's.nii'] } };
    expect(grouped(files(['p.nii', 'q.nii', 'r.nii', 'label.nii']), listed, 2)).toEqual({
      images: { k: ['p.nii', 'q.nii'] },
      refused: [expect.stringContaining('the image l of the run')],
      leftOut: ['label.nii'],
    });
  });

  it('groups BIDS channels by subject, session and run, and names the segmentation', () => {
    const naming: ImageNaming = {
      kind: 'bids',
      channels: [
        { suffix: 'T1w', space: null, desc: null },
        { suffix: 'T2w', space: null, desc: null },
      ],
      nested: true,
    };
    const at = (name: string) => `sub-1/ses-1/anat/sub-1_ses-1_${name}.nii.gz`;
    const list = [at('acq-3d_T1w'), at('T2w'), at('space-MNI_T1w'), at('FLAIR'), at('dseg'), 'sub-2/sub-2_T1w.nii.gz'];
    expect(grouped(files(list), naming, 2)).toEqual({
      images: { 'sub-1_ses-1_dseg': [at('acq-3d_T1w'), at('T2w')] },
      refused: [expect.stringContaining('no T2w image of sub-2')],
      leftOut: [at('space-MNI_T1w'), at('FLAIR'), at('dseg')],
    });
    const doubled = [at('acq-a_T1w'), at('acq-b_T1w'), at('T2w')];
    expect(grouped(files(doubled), naming, 2).refused).toEqual([expect.stringContaining('same channel of one image')]);
    const [named] = grouped(alone(['sub-1_T2w.nii.gz']), { kind: 'bids', channels: [{ suffix: 'T1w' }] }, 1).refused;
    expect(named).toMatch(/sub-1_T2w\.nii\.gz is a T2w file; the run's images are T1w/);
  });

  it('reads runs without a record as before: numbered channels, or one file', () => {
    expect(grouped(files(['x_0000.nii', 'x_0001.nii']), undefined, 2).images).toEqual({
      x: ['x_0000.nii', 'x_0001.nii'],
    });
    expect(Object.keys(grouped(files(['x_0000.nii']), undefined, 1).images)).toEqual(['x_0000']);
  });
});

describe('stackChannels', () => {
  it('refuses channels that lie in different places', () => {
    const at = (offset: number) =>
      createVolume(new Float32Array(8), [2, 2, 2], { affine: [1, 0, 0, offset, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] });
    expect(stackChannels([at(0), at(0.1)]).channels).toBe(2);
    expect(() => stackChannels([at(0), at(3)], 'here')).toThrow(/different places.*3 voxels/);
  });
});
