import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SegError } from '@seg/core';
import { volumeEnding } from '../../dataset/case-names.ts';

const MAX_FILES = 1_000_000;

/**
 * Volume files below a folder of the data set, as sorted paths relative to `root`; hidden files and folders are left
 * out (archives made on macOS bring `._name` files). An absent folder has none.
 *
 * @param depth levels of folders to descend into; default 0.
 */
export async function listVolumes(root: string, folder: string, depth = 0): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (path: string, levels: number): Promise<void> => {
    let entries: Awaited<ReturnType<typeof readEntries>>;
    try {
      entries = await readEntries(join(root, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new SegError('io-failure', { where: join(root, path), problem: 'cannot list the folder', cause: error });
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (levels > 0) await visit(child, levels - 1);
      } else if (volumeEnding(entry.name) !== undefined) {
        found.push(child);
        if (found.length > MAX_FILES) {
          throw new SegError('limit-exceeded', {
            where: root,
            problem: `more than ${MAX_FILES} volumes in the folder`,
          });
        }
      }
    }
  };
  await visit(folder, depth);
  return found.sort();
}

function readEntries(path: string) {
  return readdir(path, { withFileTypes: true });
}

/** Whether the path is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
