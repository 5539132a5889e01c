import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createVolume } from '@seg/core';
import { readImage, writeNifti } from '@seg/io/node';
import { describe, expect, it } from 'vitest';
import { seg, spawnSeg, temporaryFolder } from './support/run-seg.ts';

async function exampleImage(): Promise<{ folder: string; path: string }> {
  const folder = await temporaryFolder();
  const path = join(folder, 'a.nii.gz');
  const data = Int16Array.from({ length: 24 }, (_, i) => i - 4);
  await writeNifti(path, createVolume(data, [2, 3, 4], { spacingMm: [3, 2, 1] }));
  return { folder, path };
}

describe('seg info', () => {
  it('describes each file on a line of JSON and goes on after broken ones', async () => {
    const { folder, path } = await exampleImage();
    const bytes = await readFile(path);
    const [cut, text] = [join(folder, 'cut.nii.gz'), join(folder, 'text.nii')];
    await writeFile(cut, bytes.subarray(0, bytes.length - 20));
    await writeFile(text, 'no image at all');
    const { code, stdout } = await spawnSeg(['info', '--json', cut, join(folder, 'gone.nii'), text, path]);
    expect(code).toBe(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ file }) => file)).toEqual([cut, join(folder, 'gone.nii'), text, path]);
    expect(lines.slice(0, 3).map(({ error }) => error.code)).toEqual(['corrupt-data', 'not-found', expect.any(String)]);
    expect(lines[3]).toMatchObject({
      shape: [4, 3, 2],
      dtype: 'int16',
      byteOrder: 'little',
      zooms: [1, 2, 3],
      axisCodes: ['R', 'A', 'S'],
      min: -4,
      max: 19,
      mean: 7.5,
      nan: 0,
      inf: 0,
      extensions: [],
    });
  });

  it('describes a file for people', async () => {
    const { path } = await exampleImage();
    const { code, stdout } = await seg('info', path);
    expect(code).toBe(0);
    expect(stdout).toMatch(/shape +4 x 3 x 2[\s\S]*spacing +1 x 2 x 3[\s\S]*values +-4 to 19, mean 7.5/);
  });
});

describe('seg convert', () => {
  it('keeps voxels, type and geometry', async () => {
    const { folder, path } = await exampleImage();
    const output = join(folder, 'b.nii');
    expect(await seg('convert', path, output)).toMatchObject({ code: 0, stdout: `${output}\n` });
    const [before, after] = [await readImage(path), await readImage(output)];
    expect(after.data).toEqual(before.data);
    expect(after.affine).toEqual(before.affine);
    expect(after.dtype).toBe('int16');
    expect((await seg('convert', path, join(folder, 'c.mha'))).code).toBe(0);
    expect((await seg('convert', join(folder, 'c.mha'), join(folder, 'd.nii.gz'))).code).toBe(0);
    expect((await readImage(join(folder, 'd.nii.gz'))).data).toEqual(before.data);
    const json = JSON.parse((await seg('convert', path, join(folder, 'c.hdr'), '--json')).stdout);
    expect(json).toMatchObject({ shape: [4, 3, 2], dtype: 'int16' });
  });

  it('leaves nothing behind when it fails', async () => {
    const { folder, path } = await exampleImage();
    const before = await readdir(folder);
    expect((await seg('convert', path, join(folder, 'b.xyz'))).code).toBe(1);
    expect((await seg('convert', join(folder, 'gone.nii'), join(folder, 'b.nii'))).stderr).toContain('gone.nii');
    expect((await seg('convert', path, join(folder, 'no', 'b.nii'))).stderr).toContain('folder exists');
    expect(await readdir(folder)).toEqual(before);
  });
});

describe('seg phantom', () => {
  it('writes a data set, the same for the same seed', async () => {
    const folder = await temporaryFolder();
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    const options = ['--cases', '2', '--seed', '5', '--size', '12,14,10', '--json'];
    const result = await spawnSeg(['phantom', '--out', one, ...options]);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ out: one, cases: 2 });
    await seg('phantom', '--out', two, ...options);
    const names = await readdir(join(one, 'imagesTr'));
    expect(names.length).toBe(2);
    for (const name of names) {
      expect(await readFile(join(two, 'imagesTr', name))).toEqual(await readFile(join(one, 'imagesTr', name)));
    }
    const json = JSON.parse(await readFile(join(one, 'dataset.json'), 'utf8'));
    expect(json.training.length).toBe(2);
  });

  it('refuses a folder that is in use and sizes that are no such thing', async () => {
    const { folder } = await exampleImage();
    const used = await seg('phantom', '--out', folder);
    expect(used).toMatchObject({ code: 1, stderr: expect.stringMatching(/not empty \(it holds a\.nii\.gz\)/) });
    expect((await seg('phantom', '--out', join(folder, 'x'), '--size', '10,10')).code).toBe(2);
  });

  it('names the cure when the disk is full, leaving nothing behind', async () => {
    const folder = join(await temporaryFolder(), 'full');
    const { code, stderr } = await spawnSeg(['phantom', '--out', folder, '--cases', '1'], { fileSizeLimit: 40 });
    expect(code).toBe(1);
    expect(stderr).toMatch(/phantom_0001\.nii\.gz.*could not be written.*space left/);
    await expect(readdir(folder)).rejects.toThrow(/ENOENT/);
  });
});
