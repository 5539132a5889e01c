import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { nearestName, SegError } from '@seg/core';
import { PUBLIC_DATASETS, type PublicDataset } from '../../registry/public-datasets.ts';
import { exclusively } from './disk.ts';
import { type DownloadOptions, downloadFile } from './download-file.ts';
import { extractTar } from './extract-tar.ts';

export interface FetchPublicDatasetOptions extends Omit<DownloadOptions, 'md5'> {
  /** Take the archive from here instead: a mirror, say. */
  readonly url?: string;
}

/**
 * Downloads, checks and unpacks a public data set; what is already there is used.
 *
 * @param dataset a name of `PUBLIC_DATASETS`, or an entry of your own.
 * @param folder the data set's folder is made in it; the archive stays beside it.
 * @returns the data set's folder, for `openDataset`.
 * @throws SegError `unknown-option` for an unknown name, `invalid-argument` where neither the entry nor the caller has a
 * hash, and as `downloadFile` and `extractTar`.
 * @example
 * const folder = await fetchPublicDataset('msd-hippocampus', 'data');
 */
export async function fetchPublicDataset(
  dataset: string | PublicDataset,
  folder: string,
  options: FetchPublicDatasetOptions = {},
): Promise<string> {
  const entry = typeof dataset === 'string' ? findEntry(dataset) : dataset;
  const { url = entry.url, ...download } = options;
  const unpacked = join(folder, `${entry.id}`);
  const result = join(unpacked, entry.folder);
  const isThere = async () => (await stat(result).catch(() => undefined))?.isDirectory() === true;
  if (await isThere()) return result;
  const archive = join(folder, archiveName(url));
  return exclusively(`${unpacked}.lock`, download.signal, async () => {
    if (await isThere()) return result; // another call has brought it meanwhile
    const sha256 = download.sha256 ?? entry.sha256;
    await downloadFile(url, archive, {
      ...download,
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(entry.md5 === undefined ? {} : { md5: entry.md5 }),
    });
    await extractTar(archive, unpacked, download.signal === undefined ? {} : { signal: download.signal });
    if (await isThere()) return result;
    throw new SegError('corrupt-data', {
      where: archive,
      problem: `the archive has no folder "${entry.folder}"`,
      hint: `Its contents are in ${unpacked}.`,
    });
  });
}

function archiveName(url: string): string {
  const name = URL.canParse(url) ? basename(new URL(url).pathname) : '';
  if (name !== '') return name;
  throw new SegError('invalid-argument', {
    where: 'fetchPublicDataset',
    problem: 'the address names no file',
    got: url,
    hint: 'Give the address of the archive itself.',
  });
}

function findEntry(id: string): PublicDataset {
  const entry = PUBLIC_DATASETS.find((d) => d.id === id);
  if (entry !== undefined) return entry;
  const ids = PUBLIC_DATASETS.map((d) => d.id);
  const near = nearestName(id, ids);
  throw new SegError('unknown-option', {
    where: 'fetchPublicDataset',
    problem: 'unknown data set',
    got: id,
    expected: ids.join(' | '),
    ...(near === undefined ? {} : { hint: `Did you mean "${near}"?` }),
  });
}
