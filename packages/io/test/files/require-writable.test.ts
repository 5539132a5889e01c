import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireWritableFolder, writeFileAtomic } from '@seg/io/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-writable-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('requireWritableFolder', () => {
  it('accepts folders that are there or can be made, and leaves nothing', async () => {
    await requireWritableFolder('here', root);
    await requireWritableFolder('here', join(root, 'new', 'deep'));
    expect(await readdir(root)).toEqual([]);
  });

  it('names the file on the way', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    for (const [path, problem] of [
      [file, `${file} is a file`],
      [join(file, 'a', 'b'), `${file}, a part of ${join(file, 'a', 'b')}, is a file`],
    ] as const) {
      await expect(requireWritableFolder('here', path)).rejects.toMatchObject({ code: 'invalid-argument', problem });
    }
  });

  it('names a link to what is not there', async () => {
    const link = join(root, 'link');
    await symlink(join(root, 'gone'), link);
    await expect(requireWritableFolder('here', join(link, 'a'))).rejects.toThrow(/link is a link to what is not there/);
  });

  it.skipIf(!existsSync('/proc/self'))('says why a file system takes no files, without codes', async () => {
    const refused = requireWritableFolder('here', '/proc/seg/out');
    await expect(refused).rejects.toMatchObject({ code: 'io-failure' });
    await expect(refused).rejects.toThrow(
      /cannot write into \/proc\/seg\/out \(of which \/proc exists\): the (file )?system/,
    );
    await expect(refused).rejects.not.toThrow(/ENOENT/);
  });

  it.skipIf(process.getuid?.() === 0)('says that permission is missing', async () => {
    const folder = join(root, 'closed');
    await mkdir(folder);
    await chmod(folder, 0o500);
    await expect(requireWritableFolder('here', join(folder, 'x'))).rejects.toThrow(/no permission/);
  });

  it.skipIf(!existsSync('/dev/full'))('is told by the writing of a file, too', async () => {
    await expect(writeFileAtomic('/dev/full/x', 'text')).rejects.toThrow(/a part of the path is a file, not a folder/);
    await expect(requireWritableFolder('here', '/dev/full')).rejects.toThrow(/\/dev\/full is a file/);
  });
});
