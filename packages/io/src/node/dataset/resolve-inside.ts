import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { SegError } from '@seg/core';
import { cleanRelativePath } from '../../dataset/relative-path.ts';

/**
 * The absolute path of a data set's file, which must lie in the data set's folder even after symbolic links are
 * followed; a file that does not exist is passed on as it is.
 *
 * @param root the real path of the folder.
 * @throws SegError `invalid-argument` for a path or a link that leads out of the folder.
 */
export async function resolveInside(root: string, path: string, allowLinksOutside: boolean): Promise<string> {
  const absolute = join(root, ...cleanRelativePath(root, path).split('/'));
  if (allowLinksOutside) return absolute;
  let real: string;
  try {
    real = await realpath(absolute);
  } catch {
    return absolute;
  }
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new SegError('invalid-argument', {
      where: root,
      problem: `${path} is a link that leads out of the data set's folder`,
      got: real,
      hint: 'Copy the file into the folder, or open the data set with allowLinksOutside: true if you trust it.',
    });
  }
  return absolute;
}
