import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createVolume, type Triple } from '@seg/core';
import { encodeNifti, parseNifti } from '@seg/io';
import { readImage, readLabelMap, writeFileAtomic } from '@seg/io/node';
import { describe, expect, it } from 'vitest';
import { describeError } from '../src/terminal/describe-error.ts';
import { seg, temporaryFolder } from './support/run-seg.ts';

interface Header {
  readonly srow?: readonly number[];
  readonly pixdim?: readonly number[];
  readonly sformCode?: number;
  readonly qformCode?: number;
  readonly units?: number;
  readonly slope?: number;
}

/** A box of 5 x 5 x 5 voxels of value 1 from this corner (z, y, x), with these fields in its NIfTI-1 header. */
function box([z0, y0, x0]: Triple, header: Header): Uint8Array {
  const data = new Uint8Array(1000).map((_, i) => {
    const [z, y, x] = [Math.floor(i / 100), Math.floor(i / 10) % 10, i % 10];
    return Number(z >= z0 && z < z0 + 5 && y >= y0 && y < y0 + 5 && x >= x0 && x < x0 + 5);
  });
  const bytes = encodeNifti(createVolume(data, [10, 10, 10]));
  const view = new DataView(bytes.buffer);
  header.srow?.forEach((value, i) => {
    view.setFloat32(280 + 4 * i, value, true);
  });
  header.pixdim?.forEach((value, i) => {
    view.setFloat32(80 + 4 * i, value, true);
  });
  if (header.sformCode !== undefined) view.setInt16(254, header.sformCode, true);
  if (header.qformCode !== undefined) view.setInt16(252, header.qformCode, true);
  if (header.units !== undefined) view.setUint8(123, header.units);
  if (header.slope !== undefined) view.setFloat32(112, header.slope, true);
  return bytes;
}

/** Evaluates the box against itself moved by two voxels along z; gives HD95, volume, messages and the reference's path. */
async function evaluated(header: Header) {
  const root = await temporaryFolder();
  await mkdir(join(root, 'p'));
  await mkdir(join(root, 'r'));
  const reference = join(root, 'r', 'a.nii');
  await writeFileAtomic(join(root, 'p', 'a.nii'), box([4, 2, 2], header));
  await writeFileAtomic(reference, box([2, 2, 2], header));
  const args = ['--prediction', join(root, 'p'), '--reference', join(root, 'r'), '--out', join(root, 's')];
  const { code, stderr } = await seg('evaluate', ...args);
  expect(code, stderr).toBe(0);
  const row = (await readFile(join(root, 's', 'cases.csv'), 'utf8')).split('\n')[1]!.split(',');
  return { hd95: Number(row[4]), volumeMl: Number(row[7]), stderr, reference };
}

const diagonal = (x: number, y: number, z: number) => [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0];

describe('distances and volumes', () => {
  it.each([
    { unit: 'metres', units: 1, factor: 1e-3 },
    { unit: 'mm', units: 2, factor: 1 },
    { unit: 'micrometres', units: 3, factor: 1000 },
    { unit: 'no unit', units: 0, factor: 1 },
  ])('are in mm for headers in $unit', async ({ units, factor }) => {
    const spacing = [0.5, 0.5, 5].map((mm) => mm * factor) as [number, number, number];
    const { hd95, volumeMl, stderr } = await evaluated({ srow: diagonal(...spacing), pixdim: spacing, units });
    // Two slices of 5 mm; 125 voxels of 1.25 mm^3.
    expect(hd95).toBeCloseTo(10, 6);
    expect(volumeMl).toBeCloseTo(0.15625, 7);
    expect(stderr).toBe('');
  });

  it('follow the qform where sform and pixdim contradict each other, as info says, with one warning each', async () => {
    const header = { srow: diagonal(1, 1, 0.8), pixdim: [1, 1, 0.6] };
    const { hd95, volumeMl, stderr, reference } = await evaluated(header);
    expect(hd95).toBeCloseTo(1.2, 6);
    expect(volumeMl).toBeCloseTo(0.075, 7);
    expect(stderr.match(/the qform is used/g)).toHaveLength(1);
    expect(stderr).toContain('and 1 more file: ');
    const info = await seg('info', reference);
    expect(info.stdout).toMatch(/shape +10 x 10 x 10 \(x, y, z\)[\s\S]*spacing +1 x 1 x 0\.6 mm \(x, y, z\)/);
    expect(info.stdout.match(/warning .*the qform is used/g)).toHaveLength(1);
  });

  it('follow the axes of a tilted gantry: volumes by the determinant, distances in space', async () => {
    // Slices 3 mm apart, each 4 mm further along y.
    const srow = [1, 0, 0, 0, 0, 1, 4, 0, 0, 0, 3, 0];
    const { hd95, volumeMl, stderr } = await evaluated({ srow, pixdim: [1, 1, 3], qformCode: 0 });
    expect(volumeMl).toBeCloseTo(0.375, 9);
    // By SciPy's binary_erosion, cKDTree over the places (x, y + 4 z, 3 z), and NumPy's percentile.
    expect(hd95).toBeCloseTo(9.336612788698947, 9);
    expect(stderr.match(/sheared/g)).toHaveLength(1);
  });
});

describe('label maps with stored scaling', () => {
  it('are repaired by seg convert --labels', async () => {
    const root = await temporaryFolder();
    const [scaled, repaired] = [join(root, 'scaled.nii'), join(root, 'repaired.nii.gz')];
    // 1 is stored as 1.0000001.
    await writeFileAtomic(scaled, box([2, 2, 2], { slope: 1.0000001 }));
    expect(parseNifti(new Uint8Array(await readFile(scaled))).slope).not.toBe(1);
    const { code, stdout } = await seg('convert', '--labels', scaled, repaired, '--json');
    expect([code, JSON.parse(stdout).dtype]).toEqual([0, 'uint8']);
    expect(await readImage(repaired)).toMatchObject({ dtype: 'uint8', slope: 1, intercept: 0 });
    expect(Array.from((await readLabelMap(repaired)).data).reduce((sum, v) => sum + v, 0)).toBe(125);
  });

  it('that hold no labels are refused by cause', async () => {
    const root = await temporaryFolder();
    const path = join(root, 'half.nii');
    await writeFileAtomic(path, box([2, 2, 2], { slope: 0.3 }));
    const { code, stderr } = await seg('convert', '--labels', path, join(root, 'x.nii'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/whole numbers.*scl_slope and scl_inter: 0\.3/);
  });
});

describe('describeError', () => {
  it('calls memory that is not there by its name', () => {
    const failure = (() => {
      try {
        return new Float64Array(2 ** 52);
      } catch (error) {
        return error;
      }
    })();
    expect(describeError(failure)).toMatchObject({
      code: 'limit-exceeded',
      message: expect.stringMatching(/not enough memory/),
    });
    expect(describeError(new RangeError('toFixed() digits'))).toMatchObject({ code: 'internal' });
  });
});
