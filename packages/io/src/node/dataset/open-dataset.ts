import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkOption, SegError } from '@seg/core';
import { mapCollecting } from '../../dataset/collect-errors.ts';
import type { Dataset, DatasetCase, DatasetLayout } from '../../dataset/dataset-types.ts';
import { parseJson } from '../../dataset/json-reader.ts';
import type { DatasetManifest, LabelDefinition, ManifestCase } from '../../dataset/manifest-types.ts';
import { MANIFEST_NAME, parseManifest } from '../../dataset/parse-manifest.ts';
import { findLabelValues } from './find-label-values.ts';
import { readBids } from './layouts/bids.ts';
import { findFolders, readFolders } from './layouts/folders.ts';
import { type MsdOptions, readMsd } from './layouts/msd.ts';
import { readNnunet } from './layouts/nnunet.ts';
import { loadCaseImage, loadCaseLabel } from './load-case.ts';
import { resolveInside } from './resolve-inside.ts';

export interface OpenDatasetOptions {
  /** Default: found out from the folder's contents. */
  readonly layout?: DatasetLayout;
  /** The classes, for layouts that do not name them; default there: the values that occur in the label maps. */
  readonly labels?: readonly LabelDefinition[];
  /** Which lists of a Decathlon `dataset.json` to use. */
  readonly msd?: MsdOptions;
  /** Follow symbolic links that lead out of the folder. Default false: they are refused. */
  readonly allowLinksOutside?: boolean;
}

const MAX_DESCRIPTION_BYTES = 64 * 2 ** 20;
const LAYOUTS: readonly DatasetLayout[] = ['manifest', 'msd', 'nnunet', 'bids', 'folders'];

/**
 * Opens a folder as a data set: our manifest (`seg.json`), a Medical Segmentation Decathlon or nnU-Net v2
 * `dataset.json`, BIDS derivatives, or plain `images/` and `labels/`, looked for in this order. No voxels are read,
 * but for plain folders and BIDS without a label table the label maps, to learn their values.
 *
 * @throws SegError `not-found`, `corrupt-data` or `invalid-argument` that names the file, the fault and the cure.
 * @example
 * const dataset = await openDataset('data/hippocampus');
 * const image = await dataset.cases[0]!.loadImage();
 */
export async function openDataset(folder: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const root = await realFolder(folder);
  const layout =
    options.layout === undefined
      ? await detectLayout(root)
      : checkOption('openDataset', 'layout', options.layout, LAYOUTS);
  const described = await describe(root, layout, options);
  // One set of checks for all layouts: what they found has to be a valid manifest.
  const manifest = layout === 'manifest' ? described : parseManifest(JSON.stringify(described), { where: root });
  const { name, labels, channels, ignoreLabel } = manifest;
  const opened: PromiseSettledResult<DatasetCase>[] = [];
  for (const entry of manifest.cases) {
    const job = openCase(root, entry, channels.length, options.allowLinksOutside ?? false);
    opened.push(...(await Promise.allSettled([job])));
  }
  const cases = mapCollecting(root, opened, (outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  return {
    name,
    root,
    layout,
    labels,
    channels,
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
    cases,
    manifest,
  };
}

async function realFolder(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if ((await stat(root)).isDirectory()) return root;
  } catch (cause) {
    throw new SegError('not-found', {
      where: 'openDataset',
      problem: 'no such folder',
      got: folder,
      hint: "Check the path of the data set's folder.",
      cause,
    });
  }
  throw new SegError('not-found', {
    where: 'openDataset',
    problem: 'not a folder',
    got: folder,
    hint: "Give the data set's folder, not a file in it.",
  });
}

async function detectLayout(root: string): Promise<DatasetLayout> {
  if (await isFile(join(root, MANIFEST_NAME))) return 'manifest';
  if (await isFile(join(root, 'dataset.json'))) {
    const json = parseJson(join(root, 'dataset.json'), await readText(join(root, 'dataset.json')));
    return json.at('channel_names').absent || json.at('file_ending').absent ? 'msd' : 'nnunet';
  }
  if (await isFile(join(root, 'dataset_description.json'))) return 'bids';
  if ((await findFolders(root)) !== undefined) return 'folders';
  throw new SegError('not-found', {
    where: root,
    problem: 'not a data set that is known here',
    expected:
      'seg.json, dataset.json (Decathlon or nnU-Net), dataset_description.json (BIDS), or the folders images/ and labels/',
    hint: 'Give the folder that holds one of them.',
  });
}

async function describe(root: string, layout: DatasetLayout, options: OpenDatasetOptions): Promise<DatasetManifest> {
  const labels = options.labels;
  const findLabels = {
    labels: async (paths: readonly string[]) => {
      if (labels !== undefined) return labels;
      const allowed = options.allowLinksOutside ?? false;
      return findLabelValues(await Promise.all(paths.map((path) => resolveInside(root, path, allowed))));
    },
  };
  switch (layout) {
    case 'manifest': {
      const path = join(root, MANIFEST_NAME);
      return parseManifest(await readText(path), { where: path });
    }
    case 'msd':
    case 'nnunet': {
      const path = join(root, 'dataset.json');
      const json = parseJson(path, await readText(path));
      return layout === 'msd' ? readMsd(root, path, json, options.msd ?? {}) : readNnunet(root, path, json);
    }
    case 'bids':
      return readBids(root, findLabels);
    case 'folders': {
      const folders = await findFolders(root);
      if (folders !== undefined) return readFolders(root, folders, findLabels);
      throw new SegError('not-found', { where: root, problem: 'the folders images/ and labels/ are missing' });
    }
  }
}

async function openCase(
  root: string,
  entry: ManifestCase,
  channels: number,
  allowLinksOutside: boolean,
): Promise<DatasetCase> {
  const { id, patient = id, label, annotatedLabels, labels, split, spacingMm } = entry;
  const labelFiles = label === undefined ? [] : typeof label === 'string' ? [label] : label;
  const resolve = (paths: readonly string[]) =>
    Promise.all(paths.map((path) => resolveInside(root, path, allowLinksOutside)));
  const imagePaths = await resolve(entry.images);
  const labelPaths = await resolve(labelFiles);
  return {
    id,
    patient,
    imagePaths,
    labelPaths,
    ...(annotatedLabels === undefined ? {} : { annotatedLabels }),
    ...(labels === undefined ? {} : { labels }),
    ...(split === undefined ? {} : { split }),
    ...(spacingMm === undefined ? {} : { spacingMm }),
    loadImage: async () => loadCaseImage(id, await resolve(entry.images), { channels, spacingMm }),
    loadLabel: async (reader = 0) => loadCaseLabel(id, await resolve(labelFiles), { reader, spacingMm }),
  };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_DESCRIPTION_BYTES) {
      throw new SegError('limit-exceeded', {
        where: path,
        problem: 'the description is too large',
        got: size,
        expected: `at most ${MAX_DESCRIPTION_BYTES} bytes`,
      });
    }
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof SegError) throw cause;
    throw new SegError('io-failure', { where: path, problem: 'cannot read the file', cause });
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
