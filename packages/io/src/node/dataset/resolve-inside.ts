import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { SegError } from '@seg/core';
import { sameName } from '../../dataset/case-names.ts';
import { cleanRelativePath } from '../../dataset/relative-path.ts';

/** A data set's folder, and whether links may lead out of it. */
export interface DataPlace {
  /** Real path of the folder. */
  readonly root: string;
  readonly allowLinksOutside: boolean;
}

/**
 * The absolute path of a data set's file, which must lie in the data set's folder even after symbolic links are
 * followed; a file that does not exist is passed on as it is. A name that the folder spells in another Unicode normal
 * form is found.
 *
 * @throws SegError `invalid-argument` for a path or a link that leads out of the folder.
 */
export async function resolveInside(place: DataPlace, path: string): Promise<string> {
  const { root } = place;
  const spelled = await spelledOnDisk(root, cleanRelativePath(root, path));
  const absolute = join(root, ...spelled.split('/'));
  if (place.allowLinksOutside || (await isInside(root, absolute))) return absolute;
  // The link may be one of the folders on the way.
  const parts = spelled.split('/');
  for (let n = 1; n <= parts.length; n++) {
    const part = parts.slice(0, n).join('/');
    if (!(await isInside(root, join(root, part)))) throw await linkOutside(root, part);
  }
  return absolute;
}

/** Whether the path, links followed, lies in the folder; a path that does not exist leads nowhere. */
export async function isInside(root: string, absolute: string): Promise<boolean> {
  const real = await realpath(absolute).catch(() => undefined);
  return real === undefined || real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** The error about a link, named by its path in the data set. */
export async function linkOutside(root: string, path: string): Promise<SegError> {
  return new SegError('invalid-argument', {
    where: root,
    problem: `${path} is a link that leads out of the data set's folder`,
    got: await realpath(join(root, path)),
    hint: 'Copy the files into the folder, or follow such links with --allow-links-outside (allowLinksOutside: true) if you trust them.',
  });
}

async function spelledOnDisk(root: string, path: string): Promise<string> {
  const isPlain = /^[\x20-\x7e]*$/.test(path); // one spelling
  if (isPlain || (await lstat(join(root, path)).catch(() => undefined)) !== undefined) return path;
  let spelled = '';
  for (const part of path.split('/')) {
    const names = await readdir(join(root, spelled)).catch(() => []);
    const name = names.find((n) => sameName(n) === sameName(part)) ?? part;
    spelled = spelled === '' ? name : `${spelled}/${name}`;
  }
  return spelled;
}
