import { basename } from 'node:path';
import { SegError } from '@seg/core';
import { type BidsName, parseBidsName } from '../../../dataset/bids-name.ts';
import { sameName, volumeEnding } from '../../../dataset/case-names.ts';
import type { LabelDefinition, ManifestCase } from '../../../dataset/manifest-types.ts';
import { listNames } from '../../../dataset/name-list.ts';
import { listFiles } from '../list-files.ts';
import type { DataPlace } from '../resolve-inside.ts';
import { chooseAnnotations } from './bids-annotations.ts';
import { type CaseImages, chooseImages } from './bids-images.ts';
import { readLabelTable } from './bids-label-table.ts';
import { reportSubjects } from './bids-subjects.ts';
import { Findings, type LayoutContent } from './layout-content.ts';

/** Folders whose contents BIDS leaves open. */
const OPEN_FOLDERS = /(^|\/)(sourcedata|code|stimuli)\//;

/**
 * Reads a BIDS data set with segmentations in derivatives: the `_dseg` (or, where there is none, the one `_mask` or
 * `_roi`) of a subject, session and run is the label map of its images; image suffixes (T1w, T2w, FLAIR, ...) that all
 * annotated cases have are the channels. Annotations are never channels. Class names come from a `dseg.tsv`.
 *
 * @throws SegError `not-found` where there are no images or no segmentations.
 */
export async function readBids(
  place: DataPlace,
  options: { readonly labels: (paths: readonly string[]) => Promise<readonly LabelDefinition[]> },
): Promise<LayoutContent> {
  const findings = new Findings();
  const paths = (await listFiles(place, '')).filter((path) => !OPEN_FOLDERS.test(path));
  const files = paths.flatMap((path) => parseBidsName(path) ?? []);
  reportNames(paths, files, findings);
  await reportSubjects(place, paths, files, findings);
  const annotations = files.filter(({ role }) => role === 'annotation');
  const images = files.filter(({ role }) => role === 'image');
  if (images.length === 0 || annotations.length === 0) refuseEmpty(place.root, files, images, annotations);
  const labelOf = chooseAnnotations(annotations, images, findings);
  const imagesOf = chooseImages(images, labelOf, findings);
  const channels = chooseChannels(labelOf, imagesOf, findings);
  if (channels.length === 0 && findings.list.every(({ severity }) => severity !== 'error')) {
    throw new SegError('not-found', {
      where: place.root,
      problem: 'no image suffix (T1w, T2w, ...) is there for all annotated cases',
      got: listNames([...new Set(images.map(({ suffix }) => suffix))]),
      hint: 'Remove segmentations without image, or write a seg.json.',
    });
  }
  const cases = [...imagesOf.keys()].sort().flatMap((key): ManifestCase[] => {
    const found = imagesOf.get(key)!;
    const label = labelOf.get(key);
    if (channels.length === 0 || !channels.every((suffix) => found.has(suffix))) return [];
    return [
      {
        id: key,
        patient: key.split('_')[0]!,
        images: channels.map((suffix) => found.get(suffix)!),
        ...(label === undefined ? {} : { label: label.path }),
      },
    ];
  });
  const labelPaths = cases.flatMap(({ label }) => (typeof label === 'string' ? [label] : []));
  const manifest = {
    schemaVersion: 1,
    name: basename(place.root),
    labels: (await readLabelTable(place, labelPaths)) ?? (await options.labels(labelPaths)),
    channels: channels.length === 0 ? ['none'] : channels, // then the findings refuse the set
    cases,
  } as const;
  return { manifest, findings: findings.list };
}

/** Files whose names say nothing, something else than their folder, or that are of no use here. */
function reportNames(paths: readonly string[], files: readonly BidsName[], findings: Findings): void {
  const known = new Set(files.map(({ path }) => path));
  const nameless = paths.filter((path) => volumeEnding(path) !== undefined && !known.has(path));
  if (nameless.length > 0) {
    const message = `${nameless.length} volume(s) have no BIDS name (sub-X_..._suffix): ${listNames(nameless)}`;
    findings.warning('stray-file', message, 'They are not read; rename them, or move them to sourcedata/.');
  }
  for (const { path, entities } of files) {
    for (const [, name, folder] of sameName(path).matchAll(/(sub|ses)-([^/]+)(?=\/)/g)) {
      const value = entities.get(name!);
      if (value === undefined || value === folder) continue;
      const message = `the name says ${name}-${value}, the folder ${name}-${folder}: it could be of either`;
      findings.error('ambiguous', message, 'Correct the name or move the file.', { file: path });
    }
  }
  const bySuffix = new Map<string, BidsName[]>();
  for (const file of files) {
    if (file.role === 'unused' || file.role === 'unknown') {
      const key = `${file.role} ${file.suffix}`;
      bySuffix.set(key, [...(bySuffix.get(key) ?? []), file]);
    }
  }
  const unused: string[] = [];
  for (const group of bySuffix.values()) {
    const { suffix, role } = group[0]!;
    const raw = group.filter(({ pipeline }) => pipeline === '');
    if (role === 'unused' || raw.length === 0) unused.push(`_${suffix} (${group.length}, as ${group[0]!.path})`);
    else {
      const message = `_${suffix} is no suffix of BIDS images: ${raw.length} file(s) could be an input or an annotation (${listNames(raw.map(({ path }) => path))})`;
      const hint =
        'Name them with a BIDS suffix (_T1w, _dseg, ...), or write a seg.json that names the files of each case.';
      findings.error('ambiguous', message, hint);
    }
  }
  if (unused.length > 0) {
    const message = `volumes that are neither inputs nor label maps: ${listNames(unused)}`;
    findings.warning('stray-file', message, 'They are not read; a seg.json can name them.');
  }
}

function refuseEmpty(
  root: string,
  files: readonly BidsName[],
  images: readonly BidsName[],
  annotations: readonly BidsName[],
): never {
  const suffixes = [...new Set(files.map(({ suffix }) => `_${suffix}`))].sort();
  throw new SegError('not-found', {
    where: root,
    problem: `found ${images.length} image(s) and ${annotations.length} segmentation(s) with BIDS names`,
    got: suffixes.length === 0 ? 'no file sub-X_...' : `suffixes ${listNames(suffixes)}`,
    hint: 'Segmentations are called sub-X[_ses-Y]_..._dseg.nii.gz; or write a seg.json.',
  });
}

/** The suffixes that all annotated cases have; whoever lacks what others have is named. */
function chooseChannels(
  labelOf: ReadonlyMap<string, BidsName>,
  imagesOf: ReadonlyMap<string, CaseImages>,
  findings: Findings,
): readonly string[] {
  const suffixes = [...new Set([...imagesOf.values()].flatMap((found) => [...found.keys()]))].sort();
  const annotated = [...labelOf.keys()].filter((key) => (imagesOf.get(key)?.size ?? 0) > 0).sort();
  const channels: string[] = [];
  for (const suffix of suffixes) {
    const without = annotated.filter((key) => !imagesOf.get(key)!.has(suffix));
    if (without.length === 0) {
      channels.push(suffix);
      continue;
    }
    const message = `${suffix} is not used as an input: ${without.length} of ${annotated.length} annotated cases have none (${listNames(without)})`;
    const hint = `Add these images, or move the cases out of the folder, to learn from ${suffix} too; a seg.json can say it.`;
    findings.warning('missing-channel', message, hint);
  }
  if (annotated.length === 0) return [];
  const rest = [...imagesOf.keys()].filter((key) => !labelOf.has(key)).sort();
  const incomplete = rest.filter((key) => !channels.every((suffix) => imagesOf.get(key)!.has(suffix)));
  if (incomplete.length > 0) {
    const message = `${incomplete.length} case(s) without label map are left out, since an image of ${channels.join(', ')} is missing: ${listNames(incomplete)}`;
    findings.warning('missing-channel', message, 'Add the images if there are any.');
  }
  const unlabelled = rest.filter((key) => !incomplete.includes(key));
  if (unlabelled.length > 0) {
    const message = `${unlabelled.length} of ${imagesOf.size} cases have no label map: ${listNames(unlabelled)}`;
    findings.warning('missing-label', message, 'Add the label maps if there are any.');
  }
  return channels;
}
