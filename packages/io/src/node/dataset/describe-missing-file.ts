import { readdir, readlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { volumeStem } from '../../dataset/case-names.ts';
import { looseName } from '../../dataset/loose-name.ts';
import { listNames } from '../../dataset/name-list.ts';

/** What there is in place of a file that does not exist: a link whose target is gone, files of nearly the same name. */
export async function describeMissingFile(path: string): Promise<string> {
  const target = await readlink(path).catch(() => undefined);
  if (target !== undefined) return `the file does not exist: it is a link to ${target}, where there is nothing`;
  const wanted = looseName(volumeStem(basename(path)));
  const names = await readdir(dirname(path)).catch(() => []);
  const near = names.filter((name) => !name.startsWith('.') && looseName(volumeStem(name)) === wanted).sort();
  return near.length === 0 ? 'the file does not exist' : `the file does not exist; there is ${listNames(near)}`;
}
