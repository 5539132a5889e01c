import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SegError } from '@seg/core';
import { type BidsName, parseBidsName } from '../../../dataset/bids-name.ts';
import { volumeStem } from '../../../dataset/case-names.ts';
import type { DatasetManifest, LabelDefinition, ManifestCase } from '../../../dataset/manifest-types.ts';
import { MAX_LABEL } from '../../../dataset/parse-manifest.ts';
import { listVolumes } from '../list-files.ts';

/** Suffixes of files that are neither images nor label maps. */
const NOT_IMAGES = new Set(['dseg', 'mask', 'probseg', 'bold', 'dwi', 'sbref', 'epi', 'events', 'defacemask', 'xfm']);

/**
 * Reads a BIDS data set with segmentations in derivatives: every `_dseg` (or, where there is none, `_mask`) is the
 * label map of the images with its subject, session, run and space; image suffixes (T1w, T2w, FLAIR, ...) that all
 * annotated cases have are the channels. Class names come from a `dseg.tsv`.
 */
export async function readBids(
  root: string,
  options: { readonly labels: (paths: readonly string[]) => Promise<readonly LabelDefinition[]> },
): Promise<DatasetManifest> {
  const files = (await listVolumes(root, '', 6)).flatMap((path) => parseBidsName(path) ?? []);
  const dsegs = files.filter(({ suffix }) => suffix === 'dseg');
  const annotations = dsegs.length > 0 ? dsegs : files.filter(({ suffix }) => suffix === 'mask');
  const images = files.filter(({ suffix }) => !NOT_IMAGES.has(suffix));
  if (images.length === 0 || annotations.length === 0) {
    throw new SegError('not-found', {
      where: root,
      problem: `found ${images.length} image(s) and ${annotations.length} segmentation(s) with BIDS names`,
      hint: 'Segmentations are called sub-X[_ses-Y]_..._dseg.nii.gz; or write a seg.json.',
    });
  }
  const keys = [...new Set([...annotations, ...images].map(({ key }) => key))].sort();
  const labelOf = new Map(keys.map((key) => [key, annotations.filter((file) => file.key === key)]));
  const imagesOf = new Map(keys.map((key) => [key, imagesOfCase(root, key, images, labelOf.get(key)![0])] as const));
  const annotated = keys.filter((key) => labelOf.get(key)!.length > 0);
  const channels = [...new Set(images.map(({ suffix }) => suffix))]
    .sort()
    .filter((suffix) => annotated.every((key) => imagesOf.get(key)!.has(suffix)));
  if (channels.length === 0) {
    throw new SegError('not-found', {
      where: root,
      problem: 'no image suffix (T1w, T2w, ...) is there for all annotated cases',
      hint: 'Remove segmentations without image, or write a seg.json.',
    });
  }
  const cases = keys.flatMap((key): ManifestCase[] => {
    const found = imagesOf.get(key)!;
    if (!channels.every((suffix) => found.has(suffix))) return [];
    const labels = labelOf.get(key)!.map(({ path }) => path);
    return [
      {
        id: key,
        patient: key.split('_')[0]!,
        images: channels.map((suffix) => found.get(suffix)!),
        ...(labels.length === 0 ? {} : { label: labels.length === 1 ? labels[0]! : labels }),
      },
    ];
  });
  const labelPaths = annotations.map(({ path }) => path);
  return {
    schemaVersion: 1,
    name: basename(root),
    labels: (await readLabelTable(root, labelPaths)) ?? (await options.labels(labelPaths)),
    channels,
    cases,
  };
}

function imagesOfCase(
  root: string,
  key: string,
  images: readonly BidsName[],
  label: BidsName | undefined,
): ReadonlyMap<string, string> {
  const named = label?.entities.get('space');
  const space = named === 'orig' ? undefined : named; // space-orig is the raw image's own grid
  const result = new Map<string, string>();
  const candidates = images.filter((file) => file.key === key && file.entities.get('space') === space);
  for (const suffix of new Set(candidates.map((file) => file.suffix))) {
    const same = candidates.filter((file) => file.suffix === suffix);
    // The segmentation lies on the grid of the preprocessed image where there is one.
    const preprocessed = same.filter(({ entities }) => entities.get('desc') === 'preproc');
    const chosen = preprocessed.length > 0 ? preprocessed : same;
    if (chosen.length > 1) {
      throw new SegError('invalid-argument', {
        where: root,
        problem: `several ${suffix} images of ${key} fit: ${chosen.map(({ path }) => path).join(', ')}`,
        hint: 'Name the images to use in a seg.json.',
      });
    }
    result.set(suffix, chosen[0]!.path);
  }
  return result;
}

/** Values and names of a BIDS look-up table beside the segmentations or above them. */
async function readLabelTable(
  root: string,
  labelPaths: readonly string[],
): Promise<readonly LabelDefinition[] | undefined> {
  const first = labelPaths[0]!;
  const folders = first.split('/').slice(0, -1);
  const names = [`${volumeStem(first)}.tsv`, 'dseg.tsv'];
  for (let depth = folders.length; depth >= 0; depth--) {
    for (const name of names) {
      const path = join(root, ...folders.slice(0, depth), name);
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text !== undefined) return parseLabelTable(path, text);
    }
  }
  return undefined;
}

function parseLabelTable(path: string, text: string): readonly LabelDefinition[] {
  const [header = '', ...rows] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const columns = header.split('\t').map((c) => c.trim().toLowerCase());
  const [index, name] = [columns.indexOf('index'), columns.indexOf('name')];
  const labels = rows.map((row) => {
    const cells = row.split('\t');
    return { value: Number(cells[index]), name: cells[name]?.trim() ?? '' };
  });
  const wrong = labels.find(
    ({ value, name: n }) => !Number.isInteger(value) || value < 0 || value > MAX_LABEL || n === '',
  );
  if (index < 0 || name < 0 || wrong !== undefined) {
    throw new SegError('corrupt-data', {
      where: path,
      problem: 'not a table of labels',
      got: wrong ?? header,
      expected: 'tab-separated columns "index" (integer) and "name"',
    });
  }
  return labels.filter(({ value }) => value > 0).sort((a, b) => a.value - b.value);
}
