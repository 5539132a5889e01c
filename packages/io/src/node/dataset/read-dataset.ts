import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkOption, SegError } from '@seg/core';
import { mapCollecting } from '../../dataset/collect-errors.ts';
import type { Dataset, DatasetCase, DatasetLayout } from '../../dataset/dataset-types.ts';
import { findDoubledFiles } from '../../dataset/doubled-files.ts';
import { parseJson } from '../../dataset/json-reader.ts';
import type { LabelDefinition, ManifestCase } from '../../dataset/manifest-types.ts';
import { MANIFEST_NAME, parseManifest } from '../../dataset/parse-manifest.ts';
import { detectLayouts, refuseSeveralLayouts } from './detect-layout.ts';
import { findLabelValues } from './find-label-values.ts';
import { readBids } from './layouts/bids.ts';
import { findFolders, readFolders } from './layouts/folders.ts';
import { Findings, type LayoutContent } from './layouts/layout-content.ts';
import { type MsdOptions, readMsd } from './layouts/msd.ts';
import { readNnunet } from './layouts/nnunet.ts';
import { reportUnlisted } from './layouts/unlisted-files.ts';
import { loadCaseImage, loadCaseLabel } from './load-case.ts';
import { readDescription } from './read-description.ts';
import { type DataPlace, resolveInside } from './resolve-inside.ts';

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

const LAYOUTS: readonly DatasetLayout[] = ['manifest', 'msd', 'nnunet', 'bids', 'folders'];

/**
 * Reads a folder as a data set, with everything in `findings` that differs from what its layout promises, errors
 * too. The cases are those that are told apart without doubt.
 *
 * @throws SegError as `openDataset`, but for those errors.
 */
export async function readDataset(folder: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const place = { root: await realFolder(folder), allowLinksOutside: options.allowLinksOutside ?? false };
  const { root } = place;
  const { layout, content } = await readContent(place, options);
  const described = content.manifest;
  // One set of checks for all layouts: what they found has to be a valid manifest.
  const manifest = layout === 'manifest' ? described : parseManifest(JSON.stringify(described), { where: root });
  const { name, labels, channels, ignoreLabel } = manifest;
  const opened: PromiseSettledResult<DatasetCase>[] = [];
  for (const entry of manifest.cases) {
    opened.push(...(await Promise.allSettled([openCase(place, entry, channels.length)])));
  }
  // A link to a folder is one fault, however many files are behind it.
  const refused = new Map<string, unknown>();
  for (const outcome of opened) {
    if (outcome.status === 'rejected') refused.set(String(outcome.reason), outcome.reason);
  }
  mapCollecting(root, [...refused.values()], (error) => {
    throw error;
  });
  return {
    name,
    root,
    layout,
    labels,
    channels,
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
    cases: opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    manifest,
    findings: [...content.findings, ...findDoubledFiles(manifest)],
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

async function readContent(
  place: DataPlace,
  options: OpenDatasetOptions,
): Promise<{ readonly layout: DatasetLayout; readonly content: LayoutContent }> {
  if (options.layout !== undefined) {
    const layout = checkOption('openDataset', 'layout', options.layout, LAYOUTS);
    return { layout, content: await readLayout(place, layout, options) };
  }
  const layouts = await detectLayouts(place);
  const [layout] = layouts;
  if (layouts.length > 2 || layouts.includes('bids')) {
    if (layouts.length > 1) refuseSeveralLayouts(place.root, layouts);
  }
  const content = await readLayout(place, layout!, options);
  if (layouts.length > 1) {
    // A dataset.json of both kinds is fine where both say the same.
    const other = await readLayout(place, layouts[1]!, options).catch(() => undefined);
    if (other === undefined || pairsOf(content) !== pairsOf(other)) refuseSeveralLayouts(place.root, layouts);
  }
  return { layout: layout!, content };
}

/** The training cases' files, in a form to compare. */
function pairsOf({ manifest }: LayoutContent): string {
  const training = manifest.cases.filter(({ split }) => split !== 'test');
  return JSON.stringify(training.map(({ images, label }) => JSON.stringify([images, label])).sort());
}

async function readLayout(
  place: DataPlace,
  layout: DatasetLayout,
  options: OpenDatasetOptions,
): Promise<LayoutContent> {
  const { labels } = options;
  const findLabels = {
    labels: async (paths: readonly string[]) =>
      labels ?? findLabelValues(await Promise.all(paths.map((path) => resolveInside(place, path)))),
  };
  switch (layout) {
    case 'manifest': {
      const where = join(place.root, MANIFEST_NAME);
      const manifest = parseManifest(await readDescription(place, MANIFEST_NAME), { where });
      const findings = new Findings();
      await reportUnlisted(place, manifest.cases, findings, { list: MANIFEST_NAME });
      return { manifest, findings: findings.list };
    }
    case 'msd':
    case 'nnunet': {
      const where = join(place.root, 'dataset.json');
      const json = parseJson(where, await readDescription(place, 'dataset.json'));
      return layout === 'msd' ? readMsd(place, where, json, options.msd ?? {}) : readNnunet(place, where, json);
    }
    case 'bids':
      return readBids(place, findLabels);
    case 'folders': {
      const folders = await findFolders(place);
      if (folders !== undefined) return readFolders(place, folders, findLabels);
      throw new SegError('not-found', {
        where: place.root,
        problem: 'the folders images/ and labels/ are missing',
      });
    }
  }
}

async function openCase(place: DataPlace, entry: ManifestCase, channels: number): Promise<DatasetCase> {
  const { id, patient = id, label, annotatedLabels, labels, split, spacingMm } = entry;
  const labelFiles = label === undefined ? [] : typeof label === 'string' ? [label] : label;
  const resolve = (paths: readonly string[]) => Promise.all(paths.map((path) => resolveInside(place, path)));
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
