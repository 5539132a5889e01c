import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ImageNaming } from '@seg/io';
import { readImage } from '@seg/io/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { findPredictionInputs } from '../src/index.ts';
import { seg, temporaryFolder } from './support/run-seg.ts';
import { nnunetSet, writeImageFile, writeSmallSet } from './support/small-sets.ts';

const one: ImageNaming = { kind: 'marked', channels: [{ suffix: '_0000' }] };
const whole: ImageNaming = { kind: 'whole' };

/** What is found for these inputs in a folder with these (empty) files; `out` is outside unless given. */
async function find(
  names: readonly string[],
  inputs: readonly string[],
  naming: ImageNaming,
  { out = 'out', root }: { readonly out?: string; readonly root?: string } = {},
) {
  const folder = await temporaryFolder();
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), '');
  }
  const at = (name: string) => join(folder, name);
  const found = await findPredictionInputs(inputs.map(at), at(out), {
    channels: 1,
    naming,
    ...(root === undefined ? {} : { root: at(root) }),
  });
  const short = (text: string) => text.replaceAll(`${folder}/`, '');
  return {
    images: Object.fromEntries(found.images.map(({ name, paths }) => [name, paths.map(short)])),
    refused: found.refused.map(({ image, error }) => [short(image), short(error.message)]),
    warnings: found.warnings.map(short),
  };
}

describe('findPredictionInputs', () => {
  it('refuses an image that is named twice, by a folder or by itself, and takes the others', async () => {
    const { images, refused } = await find(['i/a.nii.gz', 'i/b.nii.gz'], ['i/a.nii.gz', 'i'], whole);
    expect(images).toEqual({ 'b.nii.gz': ['i/b.nii.gz'] });
    expect(refused[0]).toEqual(['i/a.nii.gz', expect.stringMatching(/a\.nii\.gz is named twice.*Name it once/)]);
  });

  it('refuses two images whose predictions would have one name, with both', async () => {
    const { images, refused } = await find(['a/x.nii', 'b/x.nii', 'b/y.nii'], ['a/x.nii', 'b/x.nii', 'b/y.nii'], whole);
    expect(images).toEqual({ 'y.nii': ['b/y.nii'] });
    expect(refused.map(([image]) => image)).toEqual(['a/x.nii', 'b/x.nii']);
    for (const [, message] of refused) expect(message).toMatch(/predictions of [ab]\/x\.nii and [ab]\/x\.nii/);
  });

  it('refuses one image in two formats', async () => {
    const { images, refused } = await find(['i/x.nii', 'i/x.nii.gz', 'i/y.mha'], ['i'], whole);
    expect(images).toEqual({ 'y.mha': ['i/y.mha'] });
    expect(refused).toHaveLength(2);
  });

  it('refuses a file that carries no channel of the run beside one that does', async () => {
    const { images, refused } = await find(['x_0000.nii', 'x.nii'], ['x_0000.nii', 'x.nii'], one);
    expect(images).toEqual({});
    expect(refused[0]![1]).toContain('would have the same name (x.nii)');
  });

  it('takes the header of a pair for the pair', async () => {
    const pair = ['i/x.hdr', 'i/x.img'];
    expect((await find(pair, pair, whole)).images).toEqual({ 'x.nii.gz': ['i/x.hdr'] });
    expect((await find(pair, ['i/x.img'], whole)).images).toEqual({ 'x.nii.gz': ['i/x.img'] });
    expect(await find(pair, ['i'], whole)).toEqual({ images: { 'x.nii.gz': ['i/x.hdr'] }, refused: [], warnings: [] });
  });

  it('names what is no image, and what is missing, and goes on', async () => {
    const names = ['i/a.nii.gz', 'i/notes.txt', 'i/scan.dcm', 'i/a.json', 'i/.DS_Store', 'j/labels/a.nii.gz'];
    const { images, refused, warnings } = await find(names, ['i', 'j', 'gone.nii'], whole);
    expect(images).toEqual({ 'a.nii.gz': ['i/a.nii.gz'] });
    expect(warnings).toEqual(['i: left out, for it is no image: notes.txt, scan.dcm']);
    expect(refused).toEqual([
      ['j', expect.stringContaining('there are no images in j; it holds the folders labels')],
      ['gone.nii', expect.stringContaining('gone.nii does not exist')],
    ]);
  });

  it('reads sub-folders where the data set has them, but not label maps or results', async () => {
    const names = ['d/images/s1/a.nii', 'd/images/s2/a.nii', 'd/labels/s1/a.nii', 'd/out/a.nii'];
    const { images, warnings } = await find(names, ['d'], { kind: 'whole', nested: true }, { out: 'd/out' });
    expect(images).toEqual({ 'images/s1/a.nii': ['d/images/s1/a.nii'], 'images/s2/a.nii': ['d/images/s2/a.nii'] });
    expect(warnings).toEqual(['d: left out, for it is no image: labels/']);
  });

  it('writes over no image and over no file of the data set', async () => {
    const names = ['set/labelsTr/x.nii', 'set/imagesTr/x_0000.nii', 'x_0000.nii', 'i/a.nii'];
    const labels = await find(names, ['set/imagesTr'], one, { out: 'set/labelsTr', root: 'set' });
    expect(labels.refused[0]![1]).toMatch(
      /would overwrite set\/labelsTr\/x\.nii, a file in the folder of the run's data/,
    );
    const beside = await find(names, ['i'], whole, { out: 'i' });
    expect(beside.refused[0]![1]).toContain('would overwrite the image i/a.nii');
  });
});

describe('seg predict with two channels', () => {
  let root: string;
  let run: string;
  beforeAll(async () => {
    root = await temporaryFolder();
    run = join(root, 'run');
    await writeSmallSet(join(root, 'set'), nnunetSet(2));
    const trained = await seg('train', '--data', join(root, 'set'), '--out', run, '--steps', '1', '--no-verify');
    expect(trained, trained.stderr).toMatchObject({ code: 0 });
  });

  it('reports each image that is not complete, and segments the others', async () => {
    const folder = join(root, 'scans');
    const files: [string, number][] = [
      ['gap_0000.nii', 1],
      ['gap_0002.nii', 1],
      ['good_0000.nii', 1],
      ['good_0001.nii', 1],
      ['four.nii', 2],
      ['three.nii', 3],
      ['thick_0000.nii', 2],
      ['thick_0001.nii', 1],
    ];
    for (const [name, channels] of files) await writeImageFile(join(folder, name), channels);
    const out = join(root, 'out');
    const { code, stdout, stderr } = await seg('predict', '--run', run, '--out', out, folder, '--json', '--no-mirror');
    expect(code).toBe(1);
    expect((await readdir(out)).sort()).toEqual(['four.nii', 'good.nii.gz']);
    expect((await readImage(join(out, 'good.nii.gz'))).shape).toEqual([8, 12, 10]);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter((line) => 'error' in line).map(({ image }) => image.slice(folder.length + 1))).toEqual([
      'gap_0000.nii',
      'thick_0000.nii',
      'three.nii',
    ]);
    expect(stderr).toContain('gap_0001.nii is missing; gap_0002.nii is no channel of the run');
    expect(stderr).toMatch(/thick_0000\.nii \+ .*thick_0001\.nii: .*another number of channels.*got 3, expected 2/s);
    expect(stderr).toMatch(/three\.nii: .*got 3, expected 2/s);
  });

  it('makes nothing where no image is left', async () => {
    const alone = join(root, 'alone_0001.nii');
    await writeImageFile(alone);
    const { code, stderr } = await seg('predict', '--run', run, '--out', join(root, 'none'), alone);
    expect(code).toBe(1);
    expect(stderr).toContain('alone_0000.nii is missing');
    expect(stderr).not.toContain('backend');
    expect(await readdir(root)).not.toContain('none');
  });
});

describe('an --out that cannot be written', () => {
  it('is refused with the reason by every command that writes, before any work', async () => {
    const root = await temporaryFolder();
    const set = join(root, 'set');
    await writeSmallSet(set, nnunetSet(1));
    const image = join(set, 'imagesTr', 'a_0000.nii.gz');
    const file = join(root, 'file');
    await writeFile(file, 'kept');
    await symlink(join(root, 'gone'), join(root, 'link'));
    for (const [out, reason] of [
      [join(file, 'run'), /file, a part of .*, is a file\. Name a folder/],
      [join(root, 'link'), /link is a link to what is not there/],
      ['/proc/seg-out', /cannot write into \/proc\/seg-out .*: the (file )?system/],
    ] as const) {
      for (const args of [
        ['train', '--data', set, '--out', out],
        ['curate', '--data', set, '--out', out],
        ['predict', '--run', set, '--out', out, image],
        ['evaluate', '--prediction', set, '--reference', set, '--out', out],
        ['phantom', '--out', out],
        ['convert', image, join(out, 'a.nii')],
      ]) {
        const { code, stderr } = await seg(...args);
        expect(code, args[0]).toBe(1);
        expect(stderr, args[0]).toMatch(reason);
        expect(stderr, args[0]).not.toContain('ENOENT');
      }
    }
  });
});

describe('seg train --resume', () => {
  it('takes a moved data set and a new total', async () => {
    const root = await temporaryFolder();
    const [set, moved, run] = ['set', 'moved', 'run'].map((name) => join(root, name)) as [string, string, string];
    await writeSmallSet(set, nnunetSet(1));
    await writeSmallSet(moved, nnunetSet(1));
    await seg('train', '--data', set, '--out', run, '--steps', '2', '--no-verify');
    expect(await seg('train', '--resume', run, '--steps', '3', '--minutes', '1')).toMatchObject({ code: 2 });
    expect(await seg('train', moved, '--resume', run, '--data', moved)).toMatchObject({ code: 2 });
    const done = await seg('train', '--resume', run, '--steps', '2');
    expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('already done 2 steps') });
    const longer = await seg('train', '--resume', run, '--data', moved, '--steps', '3', '--json');
    expect(longer, longer.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(longer.stdout)).toMatchObject({ stopped: 'finished', steps: 3 });
  });
});
