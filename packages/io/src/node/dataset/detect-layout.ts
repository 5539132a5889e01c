import { join } from 'node:path';
import { SegError } from '@seg/core';
import { sameName, volumeEnding } from '../../dataset/case-names.ts';
import type { DatasetLayout } from '../../dataset/dataset-types.ts';
import { parseJson } from '../../dataset/json-reader.ts';
import { listNames } from '../../dataset/name-list.ts';
import { MANIFEST_NAME } from '../../dataset/parse-manifest.ts';
import { findFolders, IMAGE_FOLDERS, LABEL_FOLDERS } from './layouts/folders.ts';
import { isFile, listFiles } from './list-files.ts';
import { readDescription } from './read-description.ts';
import type { DataPlace } from './resolve-inside.ts';

/** What makes a folder one of each layout, as messages say it. */
const SIGNS: Readonly<Record<DatasetLayout, string>> = {
  manifest: `manifest (${MANIFEST_NAME})`,
  msd: 'msd (dataset.json with a list "training")',
  nnunet: 'nnunet (dataset.json with channel_names and file_ending)',
  bids: 'bids (dataset_description.json)',
  folders: 'folders (images/ or imagesTr/ and labels/ or labelsTr/)',
};

/**
 * The layouts that a folder can be read in: one, or more where its descriptions contradict each other. Our manifest
 * is there to say what is meant, so it goes before the others.
 *
 * @throws SegError `not-found` for a folder of no layout, with what it holds.
 */
export async function detectLayouts(place: DataPlace): Promise<readonly DatasetLayout[]> {
  const has = (name: string) => isFile(join(place.root, name));
  if (await has(MANIFEST_NAME)) return ['manifest'];
  const found: DatasetLayout[] = [];
  const described = await has('dataset.json');
  if (described) {
    const json = parseJson(join(place.root, 'dataset.json'), await readDescription(place, 'dataset.json'));
    const isNnunet = !json.at('channel_names').absent && !json.at('file_ending').absent;
    if (isNnunet) found.push('nnunet');
    if (!isNnunet || !json.at('training').absent) found.push('msd');
  }
  if (await has('dataset_description.json')) found.push('bids');
  // Beside a dataset.json the folders are its own.
  if (!described && (await findFolders(place)) !== undefined) found.push('folders');
  if (found.length === 0) await refuseUnknown(place);
  return found;
}

/** Throws that a folder can be read in several layouts. */
export function refuseSeveralLayouts(root: string, layouts: readonly DatasetLayout[]): never {
  throw new SegError('invalid-argument', {
    where: root,
    problem: `the folder can be read in ${layouts.length} layouts: ${layouts.map((name) => SIGNS[name]).join(', ')}`,
    expected: 'one of them',
    hint: `Say which one with --layout ${layouts.join(' or --layout ')} (option "layout"), or write a seg.json.`,
  });
}

async function refuseUnknown(place: DataPlace): Promise<never> {
  const paths = await listFiles(place, '', 2);
  const inner = paths.find((path) => /^[^/]+\/(seg|dataset|dataset_description)\.json$/.test(path));
  const subjects = paths.some((path) => /^sub-[^/]+\//.test(path));
  const hint =
    inner !== undefined
      ? `Give the folder ${inner.slice(0, inner.indexOf('/'))} in it, which holds a ${inner.slice(inner.indexOf('/') + 1)}.`
      : subjects
        ? 'If it is a BIDS set without dataset_description.json, say so with --layout bids (option "layout").'
        : 'Give the folder that holds one of them, or write a seg.json.';
  throw new SegError('not-found', {
    where: place.root,
    problem: 'not a data set of a known layout',
    got: describeContents(paths),
    expected: `one of ${Object.values(SIGNS).join(', ')}; folders of images may be called ${IMAGE_FOLDERS.join(', ')}, those of label maps ${LABEL_FOLDERS.join(', ')}`,
    hint,
  });
}

/** Folders with their numbers of volumes, and files, by name. */
function describeContents(paths: readonly string[]): string {
  if (paths.length === 0) return 'an empty folder';
  const folders = new Map<string, number>();
  const files: string[] = [];
  for (const path of paths.map(sameName)) {
    const slash = path.indexOf('/');
    if (slash < 0) files.push(path);
    else {
      const folder = path.slice(0, slash + 1);
      folders.set(folder, (folders.get(folder) ?? 0) + (volumeEnding(path) === undefined ? 0 : 1));
    }
  }
  const names = [...folders].map(([name, n]) => `${name} (${n} volume${n === 1 ? '' : 's'})`);
  return listNames([...names, ...files]);
}
