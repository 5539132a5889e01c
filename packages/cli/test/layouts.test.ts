import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { seg, temporaryFolder } from './support/run-seg.ts';

let root: string;
let data: string;

beforeAll(async () => {
  root = await temporaryFolder();
  data = join(root, 'data');
  await seg('phantom', '--out', data, '--cases', '4', '--size', '12,14,10');
});

const count = (text: string, part: string) => text.split(part).length - 1;

describe('links that lead out of a data set', () => {
  it('are refused by name, and followed in a run that was begun so', async () => {
    const linked = join(root, 'linked');
    await mkdir(linked);
    await copyFile(join(data, 'seg.json'), join(linked, 'seg.json'));
    for (const name of ['imagesTr', 'labelsTr']) await symlink(join(data, name), join(linked, name));
    const refused = await seg('verify', linked);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain(
      `imagesTr is a link that leads out of the data set's folder (${join(data, 'imagesTr')})`,
    );
    expect(refused.stdout).toContain('--allow-links-outside');
    expect((await seg('curate', linked, '--out', join(root, 'curated'))).stderr).toContain('imagesTr is a link');
    expect(await seg('verify', linked, '--allow-links-outside')).toMatchObject({ code: 0 });

    const run = join(root, 'run');
    expect((await seg('train', linked, '--out', run, '--steps', '2')).code).toBe(1);
    const trained = await seg('train', linked, '--out', run, '--steps', '2', '--allow-links-outside');
    expect(trained.code, trained.stderr).toBe(0);
    const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'));
    expect(config.data).toMatchObject({ root: linked, layout: 'manifest', allowLinksOutside: true });
    await rm(join(run, 'report.html'));
    const resumed = await seg('train', '--resume', run);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await readFile(join(run, 'report.html'), 'utf8')).toContain('</html>');
  });
});

describe('warnings about a data set', () => {
  it('are shown once before a training, checked first or not', async () => {
    const extra = join(data, 'imagesTr', 'extra.nii.gz');
    await copyFile(join(data, 'imagesTr', 'phantom_0001.nii.gz'), extra);
    const said = '1 file(s) are named by no case of seg.json: imagesTr/extra.nii.gz [stray-file]';
    const checked = await seg('train', data, '--out', join(root, 'checked'), '--steps', '1');
    expect(checked.code, checked.stderr).toBe(0);
    expect(checked.stderr).toContain(`warning: ${said}\n    They are not read;`);
    expect(count(checked.stderr, said)).toBe(1);
    const unchecked = await seg('train', data, '--out', join(root, 'unchecked'), '--steps', '1', '--no-verify');
    expect(unchecked.code, unchecked.stderr).toBe(0);
    expect(count(unchecked.stderr, said)).toBe(1);
    await rm(extra);
  });
});

describe('a folder of two layouts', () => {
  it('is refused by all commands until --layout says which is meant', async () => {
    const both = join(root, 'both');
    await mkdir(join(both, 'images'), { recursive: true });
    await mkdir(join(both, 'labels'));
    for (const n of [1, 2]) {
      await copyFile(join(data, `imagesTr/phantom_000${n}.nii.gz`), join(both, `images/${n}.nii.gz`));
      await copyFile(join(data, `labelsTr/phantom_000${n}.nii.gz`), join(both, `labels/${n}.nii.gz`));
    }
    await writeFile(join(both, 'dataset_description.json'), '{}');
    const refused = await seg('verify', both);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('--layout bids or --layout folders');
    for (const args of [['train'], ['train', '--no-verify'], ['curate']]) {
      const { code, stderr } = await seg(...args, both, '--out', join(root, 'none'));
      expect([code, stderr]).toEqual([1, expect.stringContaining('--layout folders')]);
    }
    expect(await seg('verify', both, '--layout', 'folders')).toMatchObject({ code: 0 });
    expect(await seg('verify', both, '--layout', 'nifti')).toMatchObject({ code: 2 });
  });
});
