import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { SegError } from '@seg/core';
import { volumeEnding } from '../../dataset/case-names.ts';
import { mapCollecting } from '../../dataset/collect-errors.ts';
import { type DataPlace, isInside, linkOutside, resolveInside } from './resolve-inside.ts';

const MAX_FILES = 1_000_000;
const MAX_DEPTH = 12;

/** Files that operating systems leave behind; hidden ones are left out by their dot. */
const SYSTEM_FILES = new Set(['Thumbs.db', 'desktop.ini', 'Icon\r', '__MACOSX']);

/**
 * Files below a folder of the data set, as sorted paths relative to its root. Hidden files and folders are left out
 * (archives made on macOS bring `._name` files). Links to folders are followed. An absent folder has none.
 *
 * @param depth levels of folders to descend into; default: all.
 * @throws SegError `invalid-argument` that names every link to a folder outside, unless those are allowed.
 */
export async function listFiles(place: DataPlace, folder: string, depth = MAX_DEPTH): Promise<readonly string[]> {
  const { root, allowLinksOutside } = place;
  const found: string[] = [];
  const refused: SegError[] = [];
  const visit = async (path: string, levels: number, above: readonly string[]): Promise<void> => {
    const here = await realpath(join(root, path)).catch(() => undefined);
    // A link to a folder that holds this one would have no end.
    if (here === undefined || above.some((real) => real === here || real.startsWith(here + sep))) return;
    for (const entry of await readEntries(join(root, path))) {
      if (entry.name.startsWith('.') || SYSTEM_FILES.has(entry.name)) continue;
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (!(await leadsToFolder(join(root, child), entry))) {
        if (found.push(child) > MAX_FILES) throw tooMany(root);
      } else if (!allowLinksOutside && entry.isSymbolicLink() && !(await isInside(root, join(root, child)))) {
        refused.push(await linkOutside(root, child));
      } else if (levels > 0) await visit(child, levels - 1, [...above, here]);
    }
  };
  if (folder !== '') await resolveInside(place, folder);
  await visit(folder, depth, []);
  mapCollecting(root, refused, (error) => {
    throw error;
  });
  return found.sort();
}

/** The volumes among `listFiles`. */
export async function listVolumes(place: DataPlace, folder: string, depth = MAX_DEPTH): Promise<readonly string[]> {
  return (await listFiles(place, folder, depth)).filter((path) => volumeEnding(path) !== undefined);
}

/** Whether the path is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Whether the path is an existing file. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function leadsToFolder(absolute: string, entry: Dirent): Promise<boolean> {
  return entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(absolute)));
}

async function readEntries(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new SegError('io-failure', { where: path, problem: 'cannot list the folder', cause: error });
  }
}

function tooMany(root: string): SegError {
  return new SegError('limit-exceeded', { where: root, problem: `more than ${MAX_FILES} files in the folder` });
}
