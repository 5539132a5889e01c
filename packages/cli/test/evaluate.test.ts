import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createVolume, type Triple } from '@seg/core';
import { writeNifti } from '@seg/io/node';
import { describe, expect, it } from 'vitest';
import { seg, spawnSeg, temporaryFolder } from './support/run-seg.ts';

/** A box of one label in a volume of 10^3 voxels of 2 mm. */
function box(label: number, from: Triple, to: Triple, shape: Triple = [10, 10, 10]) {
  const data = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let z = from[0]; z < to[0]; z++)
    for (let y = from[1]; y < to[1]; y++)
      for (let x = from[2]; x < to[2]; x++) data[(z * shape[1] + y) * shape[2] + x] = label;
  return createVolume(data, shape, { spacingMm: [2, 2, 2] });
}

async function folders() {
  const root = await temporaryFolder();
  const [prediction, reference, out] = ['p', 'r', 'out'].map((name) => join(root, name)) as [string, string, string];
  await mkdir(prediction);
  await mkdir(reference);
  return {
    prediction,
    reference,
    out,
    args: ['evaluate', '--prediction', prediction, '--reference', reference, '--out', out],
  };
}

describe('seg evaluate', () => {
  it('writes hand-derived numbers, whatever the file types', async () => {
    const { prediction, reference, out, args } = await folders();
    // a: 4^3 voxels moved by one along x: 3/4 in common, every surface voxel within 2 mm. b: label 2 missed.
    await writeNifti(join(prediction, 'a.nii.gz'), box(1, [2, 2, 2], [6, 6, 6]));
    await writeNifti(join(reference, 'a.nii'), box(1, [2, 2, 3], [6, 6, 7]));
    await writeNifti(join(prediction, 'b.nii.gz'), box(1, [0, 0, 0], [0, 0, 0]));
    await writeNifti(join(reference, 'b.nii.gz'), box(2, [1, 1, 1], [3, 3, 3]));
    await writeNifti(join(reference, 'not-predicted.nii.gz'), box(2, [1, 1, 1], [3, 3, 3]));
    const { code, stdout, stderr } = await spawnSeg([...args, '--json']);
    expect(code).toBe(0);
    expect(stderr).toContain('1 of 3 references have no prediction');
    const summary = JSON.parse(stdout);
    expect(summary.labels['1'].dice.mean).toBeCloseTo(0.75, 12);
    expect(summary).toEqual(JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')));
    const lines = (await readFile(join(out, 'cases.csv'), 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('case,label,dice,jaccard,hd95_mm,assd_mm,nsd_1mm,volume_ml,reference_volume_ml,flags');
    const row = (i: number) => lines[i]!.split(',');
    expect(row(1).slice(0, 5)).toEqual(['a', '1', '0.75', '0.6', '2']);
    expect(row(1).slice(7)).toEqual(['0.512', '0.512', '']);
    expect(row(2).slice(0, 3)).toEqual(['a', '2', 'NaN']);
    expect(row(4).slice(0, 3)).toEqual(['b', '2', '0']);
    expect(row(4).at(-1)).toBe('emptyPrediction');
    expect(lines.length).toBe(5);
  });

  it('evaluates chosen labels and regions, and prints a table', async () => {
    const { prediction, reference, out, args } = await folders();
    await writeNifti(join(prediction, 'a.nii.gz'), box(1, [2, 2, 2], [6, 6, 6]));
    await writeNifti(join(reference, 'a.nii.gz'), box(2, [2, 2, 2], [6, 6, 6]));
    const { code, stdout } = await seg(...args, '--labels', '2,1+2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^label +cases +dice.*\n2 +1 +0\.0000.*\n1\+2 +1 +1\.0000/);
    expect(stdout).toContain(join(out, 'cases.csv'));
    expect((await seg(...args, '--labels', '1,x')).code).toBe(2);
  });

  it('prints over how many cases a mean is taken, and how many were empty', async () => {
    const { prediction, reference, args } = await folders();
    const [one, none] = [box(1, [2, 2, 2], [6, 6, 6]), box(1, [0, 0, 0], [0, 0, 0])];
    for (const [name, predicted, real] of [
      ['a', one, one],
      ['b', none, one],
      ['c', none, one],
      ['d', none, none],
      ['e', one, none],
    ] as const) {
      await writeNifti(join(prediction, `${name}.nii.gz`), predicted);
      await writeNifti(join(reference, `${name}.nii.gz`), real);
    }
    const table = async (...more: string[]) => {
      const lines = (await seg(...args, ...more)).stdout.split('\n');
      return lines.slice(0, 2).map((line) => line.trim().split(/ {2,}/));
    };
    const [header, row] = await table();
    expect(header).toEqual(
      'label cases dice n hd95_mm n assd_mm n nsd_1mm n empty_prediction empty_reference empty_both'.split(' '),
    );
    // Distances are those of a alone; Dice and NSD are undefined for d alone.
    expect(row).toEqual('1 5 0.2500 4 0.0000 1 0.0000 1 0.2500 4 3 2 1'.split(' '));
    // Of 1 + 3: the diagonal of 10 voxels of 2 mm on each axis.
    const penalty = ((3 * Math.hypot(20, 20, 20)) / 4).toFixed(4);
    expect((await table('--empty-distances', 'penalty'))[1]!.slice(4, 6)).toEqual([penalty, '4']);
  });

  it('leaves out what nobody annotated, as if it lay outside of the image', async () => {
    const { prediction, reference, out, args } = await folders();
    // Reference: a box of 1 in the first half along x, 7 and 9 in the rest; the prediction goes on there.
    const real = box(1, [2, 2, 2], [6, 6, 5]);
    real.data.forEach((_, i) => {
      if (i % 10 >= 5) real.data[i] = i % 10 < 8 ? 9 : 7;
    });
    await writeNifti(join(prediction, 'a.nii.gz'), box(1, [2, 2, 2], [6, 6, 9]));
    await writeNifti(join(reference, 'a.nii.gz'), real);
    await writeNifti(join(prediction, 'b.nii.gz'), box(2, [2, 2, 2], [6, 6, 9]));
    await writeNifti(join(reference, 'b.nii.gz'), box(9, [0, 0, 0], [10, 10, 10]));
    const ignoring = await seg(...args, '--ignore-label', '7', '--ignore-label', '9', '--json');
    expect(ignoring.code).toBe(0);
    expect(ignoring.stderr).toContain('b.nii.gz has no voxel that counts: the case has no row');
    const summary = JSON.parse(ignoring.stdout);
    expect(summary).toMatchObject({ cases: 2, ignoreLabels: [7, 9] });
    expect(Object.keys(summary.labels)).toEqual(['1']);
    const lines = (await readFile(join(out, 'cases.csv'), 'utf8')).trim().split('\n');
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 7).join())).toEqual(['a,1,1,1,0,0,1']);
    const { stdout } = await seg(...args, '--json');
    expect(Object.keys(JSON.parse(stdout).labels)).toEqual(['1', '2', '7', '9']);
    expect((await seg(...args, '--ignore-label', '1', '--labels', '1')).stderr).toMatch(/both evaluated and ignored/);
    expect((await seg(...args, '--ignore-label', 'x')).code).toBe(2);
  });

  it('names every file that cannot be compared and writes nothing', async () => {
    const { prediction, reference, out, args } = await folders();
    for (const name of ['good', 'shape', 'cut', 'half']) {
      await writeNifti(join(reference, `${name}.nii.gz`), box(1, [2, 2, 2], [6, 6, 6]));
    }
    await writeNifti(join(prediction, 'good.nii.gz'), box(1, [2, 2, 2], [6, 6, 6]));
    await writeNifti(join(prediction, 'shape.nii.gz'), box(1, [2, 2, 2], [6, 6, 6], [10, 10, 9]));
    const bytes = await readFile(join(reference, 'cut.nii.gz'));
    await writeFile(join(prediction, 'cut.nii.gz'), bytes.subarray(0, bytes.length >> 1));
    const fractions = createVolume(new Float32Array(1000).fill(0.5), [10, 10, 10]);
    await writeNifti(join(prediction, 'half.nii.gz'), fractions);
    const { code, stdout, stderr } = await seg(...args, '--json');
    expect(code).toBe(1);
    expect(stderr).toContain('3 of 4 cases cannot be compared');
    for (const name of ['shape', 'cut', 'half']) expect(stderr).toContain(join(prediction, `${name}.nii.gz`));
    expect(JSON.parse(stdout).error.code).toBe('corrupt-data');
    await expect(readdir(out)).rejects.toThrow(/ENOENT/);
  });

  it('refuses labels that are no numbers and a file in the place of the folder', async () => {
    const { prediction, reference, out, args } = await folders();
    await writeNifti(join(prediction, 'a.nii'), box(1, [2, 2, 2], [6, 6, 6]));
    await writeNifti(join(reference, 'a.nii'), box(1, [2, 2, 2], [6, 6, 6]));
    for (const labels of ['1+', '+1', '', '1,,2', '1e0', '0x1', '-1', '1.5']) {
      expect((await seg(...args, '--labels', labels)).code, labels).toBe(2);
    }
    await writeFile(out, 'kept');
    const { code, stderr } = await seg(...args);
    expect(code).toBe(1);
    expect(stderr).toContain('is a file. Name a folder.');
    expect(await readFile(out, 'utf8')).toBe('kept');
  });

  it('refuses folders without pairs, saying what to do', async () => {
    const { prediction, reference, args } = await folders();
    expect(await seg(...args)).toMatchObject({ code: 1, stderr: expect.stringContaining('no label maps') });
    await writeNifti(join(prediction, 'a.nii.gz'), box(1, [2, 2, 2], [6, 6, 6]));
    const alone = await seg(...args);
    expect(alone.code).toBe(1);
    expect(alone.stderr).toContain(`no reference in ${reference}: a`);
    const gone = await seg(
      'evaluate',
      '--prediction',
      join(prediction, 'gone'),
      '--reference',
      reference,
      '--out',
      'x',
    );
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('gone does not exist') });
    await writeNifti(join(prediction, 'a.nii'), box(1, [2, 2, 2], [6, 6, 6]));
    expect(await seg(...args)).toMatchObject({ code: 1, stderr: expect.stringContaining('two files for one case') });
  });
});
