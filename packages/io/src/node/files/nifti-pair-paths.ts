import { access } from 'node:fs/promises';
import { SegError } from '@seg/core';

const pairName = /^(.*)\.(hdr|img)(\.gz)?$/i;

/**
 * The two files of a pair when the path names one of them (upper case stays upper case, either may be compressed),
 * undefined for other names.
 *
 * @throws SegError `not-found` when the other file is missing.
 */
export async function niftiPairPaths(
  path: string,
): Promise<{ readonly header: string; readonly voxels: string } | undefined> {
  const match = pairName.exec(path);
  if (match === null) return undefined;
  const [, base, extension, gz = ''] = match as unknown as [string, string, string, string?];
  const upper = extension === extension.toUpperCase();
  const isHeader = extension.toLowerCase() === 'hdr';
  const other = isHeader ? 'img' : 'hdr';
  const names = [`${base}.${upper ? other.toUpperCase() : other}${gz}`];
  names.push(gz === '' ? `${names[0]}.gz` : names[0]!.slice(0, -gz.length));
  for (const name of names) {
    if (await exists(name)) return isHeader ? { header: path, voxels: name } : { header: name, voxels: path };
  }
  throw new SegError('not-found', {
    where: path,
    problem: `the ${isHeader ? 'image' : 'header'} file of the pair is missing`,
    expected: names[0],
    hint: 'A .hdr and an .img file belong together.',
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
