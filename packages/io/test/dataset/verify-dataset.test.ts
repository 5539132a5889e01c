import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createVolume, type Triple, type Volume } from '@seg/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatasetManifest, formatVerificationReport, type ManifestCase } from '../../src/index.ts';
import { openDataset, verifyDataset, writeManifest, writeNifti, writePhantomDataset } from '../../src/node/index.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-verify-'));
});
afterEach(() => rm(root, { recursive: true }));

const SHAPE: Triple = [3, 4, 5];
let counter = 0;

/** An image whose voxels no other has. */
const image = (options: { shape?: Triple; spacingMm?: Triple; affine?: number[]; channels?: number } = {}): Volume => {
  const { shape = SHAPE, channels = 1, ...geometry } = options;
  const data = new Float32Array(channels * shape[0] * shape[1] * shape[2]);
  return createVolume(
    data.map((_, i) => i + 1000 * ++counter),
    shape,
    { channels, ...geometry },
  );
};
const label = (
  values: readonly number[],
  geometry: { spacingMm?: Triple; affine?: number[]; shape?: Triple } = {},
): Volume => {
  const { shape = SHAPE, ...rest } = geometry;
  const data = new Float32Array(shape[0] * shape[1] * shape[2]);
  return createVolume(
    data.map((_, i) => values[i] ?? 0),
    shape,
    rest,
  );
};

const base: DatasetManifest = {
  schemaVersion: 1,
  name: 'broken',
  labels: [
    { value: 1, name: 'one' },
    { value: 2, name: 'two' },
  ],
  channels: ['CT'],
  cases: [],
};

async function put(path: string, volume: Volume): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeNifti(join(root, path), volume);
}

/** Writes cases and returns what verification finds, as `severity code case file`. */
async function findings(cases: readonly ManifestCase[], manifest: Partial<DatasetManifest> = {}) {
  await writeManifest(root, { ...base, ...manifest, cases });
  const report = await verifyDataset(root);
  expect(report.ok).toBe(!report.findings.some(({ severity }) => severity === 'error'));
  for (const finding of report.findings) expect(finding.hint).toMatch(/\.$/);
  return report.findings.map((f) =>
    [f.severity, f.code, f.case, f.file].filter((part) => part !== undefined).join(' '),
  );
}

describe('verifyDataset', () => {
  it('finds nothing wrong with a phantom set', async () => {
    await writePhantomDataset(root, { cases: 3, shape: [20, 24, 20] });
    const seen: string[] = [];
    const report = await verifyDataset(await openDataset(root), {
      onProgress: (done, total, id) => seen.push(`${done}/${total} ${id}`),
    });
    expect(report).toMatchObject({ ok: true, findings: [], cases: 3, files: 6, layout: 'manifest' });
    expect(seen).toEqual(['1/3 phantom_0001', '2/3 phantom_0002', '3/3 phantom_0003']);
  });

  it('names spacings far from the median of the set, by the axis that they lie along', async () => {
    const cases: ManifestCase[] = [];
    for (const [id, mm] of [
      ['a', 1],
      ['b', 1.5],
      ['c', 1],
      ['coarse', 20],
      ['microns', 1000],
    ] as const) {
      await put(`i/${id}.nii`, image({ spacingMm: [mm, mm, mm] }));
      cases.push({ id, images: [`i/${id}.nii`] });
    }
    // Coarse along another voxel axis: compared by the direction in space, 1.4 mm from foot to head.
    await put('i/turned.nii', image({ affine: [0, 0, 1, 0, 0, 1, 0, 0, 1.4, 0, 0, 0, 0, 0, 0, 1] }));
    cases.push({ id: 'turned', images: ['i/turned.nii'] });
    const found = (await findings(cases)).filter((text) => text.includes('spacing-differs'));
    expect(found).toEqual(['warning spacing-differs coarse', 'error spacing-differs microns']);
  });

  it('says once what headers of several cases contradict themselves in, and reads scaled labels', async () => {
    const cases: ManifestCase[] = [];
    for (const id of ['a', 'b', 'c']) {
      await put(`i/${id}.nii`, image());
      await put(`l/${id}.nii`, label([1, 2, 2]));
      cases.push({ id, images: [`i/${id}.nii`], label: `l/${id}.nii` });
    }
    for (const name of ['i/a', 'l/a', 'i/b', 'l/b', 'i/c', 'l/c']) {
      const bytes = await readFile(join(root, `${name}.nii`));
      // srow_z: slices of 0.8 mm, pixdim and qform say 1.
      if (!name.endsWith('c')) bytes.writeFloatLE(0.8, 280 + 4 * 10);
      if (name === 'l/c') bytes.writeFloatLE(1.0000002, 112);
      await writeFile(join(root, `${name}.nii`), bytes);
    }
    await writeManifest(root, { ...base, cases });
    const report = await verifyDataset(root);
    const doubtful = report.findings.filter(({ code }) => code === 'header-doubtful');
    expect(doubtful).toHaveLength(1);
    expect(doubtful[0]).toMatchObject({
      severity: 'warning',
      file: 'i/a.nii',
      message: expect.stringMatching(/1 x 1 x 0\.8 contradicts pixdim.*the qform is used.*\(so in 2 cases\)/),
    });
    expect(report.findings.filter(({ code }) => code === 'label-not-integer')).toEqual([]);
  });

  it('reports every fault of every case, not the first', async () => {
    await put('i/good.nii', image());
    await put('l/good.nii', label([1, 2, 2]));
    await put('i/shape.nii', image({ shape: [3, 4, 6] }));
    await put('l/shape.nii', label([1, 2, 0, 1]));
    await put('i/spacing.nii', image({ spacingMm: [2, 1, 1] }));
    await put('l/spacing.nii', label([0, 1, 2]));
    await put('i/moved.nii', image());
    await put('l/moved.nii', label([0, 0, 1], { affine: [1, 0, 0, 3, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] }));
    await put('i/nudged.nii', image());
    await put('l/nudged.nii', label([0, 0, 2], { affine: [1, 0, 0, 0.05, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] }));
    await put('i/values.nii', image());
    await put('l/values.nii', label([1, 7, 7, 0.5, -1]));
    await put('i/empty.nii', image());
    await put('l/empty.nii', label([]));
    const holes = image();
    holes.data[3] = Number.NaN;
    holes.data[4] = Number.POSITIVE_INFINITY;
    await put('i/nan.nii', holes);
    await put('l/nan.nii', label([0, 0, 0, 1]));
    await put('i/flat.nii', createVolume(new Float32Array(60).fill(3), SHAPE));
    await put('i/cut.nii.gz', image());
    const whole = await readFile(join(root, 'i/cut.nii.gz'));
    await writeFile(join(root, 'i/cut.nii.gz'), whole.subarray(0, whole.length - 60));
    await writeFile(join(root, 'i/text.nii'), 'no image at all');
    await put('i/two.nii', image({ channels: 2 }));
    const names = ['good', 'shape', 'spacing', 'moved', 'nudged', 'values', 'empty', 'nan'];
    const cases: ManifestCase[] = [
      ...names.map((id) => ({ id, images: [`i/${id}.nii`], label: `l/${id}.nii` })),
      { id: 'flat', images: ['i/flat.nii'] },
      { id: 'cut', images: ['i/cut.nii.gz'] },
      { id: 'text', images: ['i/text.nii'] },
      { id: 'gone', images: ['i/gone.nii'], label: 'l/gone.nii' },
      { id: 'two', images: ['i/two.nii'] },
    ];
    expect((await findings(cases)).sort()).toEqual(
      [
        'error shape-mismatch shape l/shape.nii',
        'error spacing-mismatch spacing l/spacing.nii',
        'error affine-mismatch moved l/moved.nii',
        'warning affine-mismatch nudged l/nudged.nii',
        'error label-not-integer values l/values.nii',
        'error label-undeclared values l/values.nii',
        'warning label-empty empty l/empty.nii',
        'error not-finite nan i/nan.nii',
        'warning constant-image flat i/flat.nii',
        'error unreadable-file cut i/cut.nii.gz',
        'error unreadable-file text i/text.nii',
        'error missing-file gone i/gone.nii',
        'error missing-file gone l/gone.nii',
        'error channel-count two i/two.nii',
      ].sort(),
    );
  });

  it('counts what it found', async () => {
    await put('a.nii', image());
    await put('l.nii', label([7, 7, 0, 7, 9]));
    await writeManifest(root, { ...base, cases: [{ id: 'a', images: ['a.nii'], label: 'l.nii' }] });
    const { findings: found } = await verifyDataset(root);
    expect(found.find(({ code }) => code === 'label-undeclared')!.message).toBe(
      'value 7 (3 voxels), 9 (1 voxel): not declared (0, 1, 2 are)',
    );
  });

  it('finds the same content under other names and compressions, and patients in two splits', async () => {
    const twin = image();
    for (const name of ['a.nii', 'b.nii.gz', 'c.nii']) await put(name, twin);
    await put('d.nii', image());
    await put('la.nii', label([1, 2]));
    await put('ld.nii.gz', label([1, 2]));
    const cases: ManifestCase[] = [
      { id: 'a', patient: 'p', images: ['a.nii'], label: 'la.nii', split: 'train' },
      { id: 'b', patient: 'p', images: ['b.nii.gz'], split: 'train' },
      { id: 'c', patient: 'q', images: ['c.nii'], split: 'test' },
      { id: 'd', patient: 'p', images: ['d.nii'], label: 'ld.nii.gz', split: 'validation' },
    ];
    expect(await findings(cases)).toEqual([
      'error patient-in-two-splits',
      'warning duplicate-image b b.nii.gz',
      'error duplicate-image c c.nii',
      'warning duplicate-label d ld.nii.gz',
    ]);
  });

  it('respects ignore labels, labels of single cases and annotated labels', async () => {
    for (const name of ['a', 'b', 'c']) await put(`${name}.nii`, image());
    await put('la.nii', label([1, 255]));
    await put('lb.nii', label([2, 4]));
    await put('lc.nii', label([1, 2]));
    const cases: ManifestCase[] = [
      { id: 'a', images: ['a.nii'], label: 'la.nii' },
      {
        id: 'b',
        images: ['b.nii'],
        label: 'lb.nii',
        labels: [
          { value: 2, name: 'x' },
          { value: 4, name: 'y' },
        ],
      },
      {
        id: 'c',
        images: ['c.nii'],
        label: 'lc.nii',
        annotatedLabels: [1],
        labels: [
          { value: 1, name: 'one' },
          { value: 2, name: 'z' },
        ],
      },
    ];
    expect(await findings(cases, { ignoreLabel: 255 })).toEqual([
      'warning label-names-differ',
      'warning label-not-annotated c lc.nii',
    ]);
  });

  it('notes classes that never occur, orientations that differ and sets without annotation', async () => {
    await put('a.nii', image());
    await put('b.nii', image({ affine: [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] }));
    await put('la.nii', label([1]));
    const annotated = { id: 'a', images: ['a.nii'], label: 'la.nii' };
    const other = { id: 'b', images: ['b.nii'] };
    expect(await findings([annotated, other])).toEqual(['warning label-unused', 'warning orientation-differs']);
    // Files that no case names are told as well.
    expect(await findings([other])).toEqual(['warning stray-file', 'warning no-annotated-cases']);
    expect(await findings([])).toEqual(['error no-cases']);
  });

  it('reports a description that does not open, each fault by itself', async () => {
    await writeFile(
      join(root, 'dataset.json'),
      JSON.stringify({
        modality: { 0: 'CT' },
        labels: { 0: 'b' },
        training: [{ image: '../a.nii' }, { image: '/b.nii' }],
      }),
    );
    const report = await verifyDataset(root);
    expect(report.findings.map(({ code, file }) => `${code} ${file}`)).toEqual([
      'unreadable-description dataset.json',
      'unreadable-description dataset.json',
    ]);
    expect(report.findings[0]!.message).toContain('../a.nii');
    expect((await verifyDataset(join(root, 'nowhere'))).findings[0]!.message).toContain('no such folder');
    await writeFile(
      join(root, 'dataset.json'),
      JSON.stringify({ modality: { 0: 'CT' }, labels: { 0: 'b' }, training: [{ image: 'a.nii' }, { image: 'a.nii' }] }),
    );
    expect((await verifyDataset(root)).findings[0]!.message).toContain('occurs twice');
  });

  it('lists every link that leads out of the folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'seg-outside-'));
    try {
      await writeNifti(join(outside, 'a.nii'), image());
      await mkdir(join(root, 'images'));
      for (const name of ['a', 'b']) await symlink(join(outside, 'a.nii'), join(root, `images/${name}.nii`));
      await put('images/c.nii', image());
      const cases = ['a', 'b', 'c'].map((id) => ({ id, images: [`images/${id}.nii`] }));
      await writeManifest(root, { ...base, cases });
      const report = await verifyDataset(root);
      expect(report.ok).toBe(false);
      expect(report.findings.map(({ message }) => message.split(' is a link')[0])).toEqual([
        'images/a.nii',
        'images/b.nii',
      ]);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('compares numTraining with the cases', async () => {
    await put('imagesTr/a_0000.nii', image());
    await put('labelsTr/a.nii', label([1]));
    await put('imagesTs/b_0000.nii', image());
    const described = { channel_names: { 0: 'CT' }, labels: { background: 0, one: 1 }, file_ending: '.nii' };
    const codes = async (numTraining?: unknown) => {
      await writeFile(join(root, 'dataset.json'), JSON.stringify({ ...described, numTraining }));
      return (await verifyDataset(root)).findings.map(({ code, severity }) => `${severity} ${code}`);
    };
    expect(await codes(1)).toEqual([]);
    expect(await codes()).toEqual([]);
    expect(await codes(2)).toEqual(['warning case-count']);
    expect(await codes('1')).toEqual(['warning case-count']);
  });

  it('stops when told to', async () => {
    await writePhantomDataset(root, { cases: 2, shape: [8, 8, 8] });
    const controller = new AbortController();
    const stop = { signal: controller.signal, onProgress: () => controller.abort() };
    await expect(verifyDataset(root, stop)).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is written as text, errors first', async () => {
    await put('l.nii', label([1, 2]));
    await writeManifest(root, {
      ...base,
      labels: [...base.labels, { value: 3, name: 'three' }],
      cases: [{ id: 'a', images: ['a.nii'], label: 'l.nii' }],
    });
    expect(formatVerificationReport(await verifyDataset(root))).toBe(
      [
        'broken (manifest): 1 case, 1 file read',
        'error: case a, a.nii: the file does not exist [missing-file]',
        '    Put the file there, or remove the case from the description.',
        'warning: class 3 (three) occurs in no case [label-unused]',
        '    Remove the class, or check the label maps.',
        '1 error, 1 warning',
        '',
      ].join('\n'),
    );
  });
});
