import { basename, join } from 'node:path';
import { SegError } from '@seg/core';
import {
  isDataFile,
  patientOfId,
  sameName,
  splitChannelSuffix,
  volumeEnding,
  volumeStem,
} from '../../../dataset/case-names.ts';
import { looseName, withoutImageSuffix, withoutLabelSuffix } from '../../../dataset/loose-name.ts';
import type { LabelDefinition, ManifestCase } from '../../../dataset/manifest-types.ts';
import { listNames } from '../../../dataset/name-list.ts';
import { isFolder, listFiles, listVolumes } from '../list-files.ts';
import type { DataPlace } from '../resolve-inside.ts';
import { Findings, type LayoutContent } from './layout-content.ts';

export const IMAGE_FOLDERS: readonly string[] = ['images', 'imagesTr', 'image', 'img'];
export const LABEL_FOLDERS: readonly string[] = ['labels', 'labelsTr', 'label', 'masks', 'segmentations', 'seg'];

/** Folders that a data set without description may keep its images and its label maps in. */
export interface FolderPair {
  readonly images: readonly string[];
  readonly labels: readonly string[];
}

/** The folders of that kind which are there, those with volumes in them if there are any; undefined without a pair. */
export async function findFolders(place: DataPlace): Promise<FolderPair | undefined> {
  const among = async (names: readonly string[]) => {
    const there: string[] = [];
    const filled: string[] = [];
    for (const name of names) {
      if (!(await isFolder(join(place.root, name)))) continue;
      there.push(name);
      if ((await listVolumes(place, name)).length > 0) filled.push(name);
    }
    return filled.length > 0 ? filled : there.slice(0, 1);
  };
  const pair = { images: await among(IMAGE_FOLDERS), labels: await among(LABEL_FOLDERS) };
  return pair.images.length === 0 || pair.labels.length === 0 ? undefined : pair;
}

/**
 * Pairs the files of two plain folders by name (`a.nii.gz` or `a_img.nii.gz` with `a.nii.gz`, `a_seg.nii.gz`, ...).
 * Files `a_0000`, `a_0001`, ... are the channels of `a` where the label maps are named so.
 *
 * @param options.labels the classes, or how to find the values that occur where nobody names them.
 * @throws SegError `invalid-argument` for two folders of images or of label maps, `not-found` where there is no image.
 */
export async function readFolders(
  place: DataPlace,
  folders: FolderPair,
  options: { readonly labels: (paths: readonly string[]) => Promise<readonly LabelDefinition[]> },
): Promise<LayoutContent> {
  const findings = new Findings();
  const [images, labels] = [
    onlyFolder(place, folders.images, 'images'),
    onlyFolder(place, folders.labels, 'label maps'),
  ];
  const imageFiles = await listFiles(place, images);
  const labelFiles = await listFiles(place, labels);
  const volumes = imageFiles.filter(isVolume);
  if (volumes.length === 0) {
    throw new SegError('not-found', {
      where: join(place.root, images),
      problem: 'no volumes in the folder',
      got: imageFiles.length === 0 ? 'an empty folder' : listNames(imageFiles),
      hint: 'Put .nii.gz, .nii, .nrrd or .mha files there.',
    });
  }
  const labelsByStem = byStem(labelFiles.filter(isVolume), labels);
  const groups = groupImages(byStem(volumes, images), labelsByStem, findings);
  const labelOf = pairLabels(groups, labelsByStem, findings);
  const channels = Math.max(1, ...[...groups.values()].map((files) => Math.max(...files.keys()) + 1));
  reportUnlabelled(
    [...groups.keys()].filter((key) => !labelOf.has(key)),
    groups.size,
    labelOf.size,
    findings,
  );
  reportSurplus([...imageFiles, ...labelFiles], findings);
  await reportOtherFolders(place, [images, labels], findings);
  const cases = [...groups].flatMap(([key, files]): ManifestCase[] => {
    const missing = Array.from({ length: channels }, (_, c) => c).filter((c) => !files.has(c));
    const id = key.replaceAll('/', '_');
    if (missing.length > 0) {
      const message = `channel ${missing.join(', ')} is missing: there are ${[...files.values()].join(', ')}, and other cases have ${channels} channels`;
      findings.error('missing-channel', message, 'Add the files, or move the case out of the folder.', { case: id });
      return [];
    }
    const label = labelOf.get(key);
    const patient = patientOfId(id);
    return [
      {
        id,
        ...(patient === undefined ? {} : { patient }),
        images: [...files].sort(([a], [b]) => a - b).map(([, path]) => path),
        ...(label === undefined ? {} : { label }),
      },
    ];
  });
  const manifest = {
    schemaVersion: 1,
    name: basename(place.root),
    labels: await options.labels([...labelOf.values()]),
    channels: Array.from({ length: channels }, (_, c) => `channel ${c}`),
    cases,
  } as const;
  return { manifest, findings: findings.list };
}

const HOW_TO_SAY = 'Move what is not meant out of the folder, or write a seg.json that names the files of each case.';

function isVolume(path: string): boolean {
  return volumeEnding(path) !== undefined;
}

function onlyFolder({ root }: DataPlace, names: readonly string[], what: string): string {
  if (names.length === 1) return names[0]!;
  throw new SegError('invalid-argument', {
    where: root,
    problem: `each of the folders ${names.join(', ')} could be the one of the ${what}`,
    expected: 'one of them',
    hint: HOW_TO_SAY,
  });
}

/** Paths by their folder in `folder` and their stem. */
function byStem(paths: readonly string[], folder: string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const name = sameName(path.slice(folder.length + 1));
    const stem = name.slice(0, name.lastIndexOf('/') + 1) + volumeStem(name);
    groups.set(stem, [...(groups.get(stem) ?? []), path]);
  }
  return groups;
}

type Stems = ReadonlyMap<string, readonly string[]>;

/** Channel files by case and channel; without channel numbers every image has the channel 0 alone. */
function groupImages(
  images: Stems,
  labels: Stems,
  findings: Findings,
): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const single = new Map<string, string>();
  for (const [stem, paths] of images) {
    if (paths.length > 1) {
      const message = `one image in ${paths.length} files: ${paths.join(', ')}; each of them could be meant`;
      findings.error('ambiguous', message, HOW_TO_SAY, { case: stem.replaceAll('/', '_') });
    }
    single.set(stem, paths[0]!);
  }
  const groups = new Map<string, Map<number, string>>();
  const numbered = areChannels([...images.keys()], labels, findings);
  for (const [stem, path] of single) {
    const parts = numbered ? splitChannelSuffix(stem) : { id: stem, channel: 0 };
    if (parts === undefined) {
      const message = 'the image has no channel number such as _0000, but others have';
      findings.error('stray-file', message, HOW_TO_SAY, { file: path });
    } else groups.set(parts.id, (groups.get(parts.id) ?? new Map<number, string>()).set(parts.channel, path));
  }
  return groups;
}

/** Whether `_0000` at the end of names is a channel or a part of the name: the label maps' names decide. */
function areChannels(images: readonly string[], labels: Stems, findings: Findings): boolean {
  const parts = images.flatMap((stem) => splitChannelSuffix(stem) ?? []);
  if (parts.length === 0) return false;
  const maps = new Set([...labels.keys()].flatMap((stem) => [stem, withoutLabelSuffix(stem)]));
  const whole = images.filter((stem) => splitChannelSuffix(stem) !== undefined && maps.has(stem));
  const cases = parts.filter(({ id }) => maps.has(id));
  if (whole.length > 0 && cases.length > 0) {
    const message = `names such as ${whole[0]} can be channels of one image or images: there are label maps of both`;
    findings.error('ambiguous', message, HOW_TO_SAY);
  }
  if (whole.length > 0 || cases.length > 0) return whole.length === 0;
  // No label map tells: channels are numbered from 0 without gaps, and are the same in all cases.
  const ofCase = new Map<string, number[]>();
  for (const { id, channel } of parts) ofCase.set(id, [...(ofCase.get(id) ?? []), channel]);
  const sets = new Set([...ofCase.values()].map((c) => c.sort((a, b) => a - b).join()));
  const [only] = sets;
  return parts.length === images.length && sets.size === 1 && only!.split(',').every((c, i) => Number(c) === i);
}

/** The label map of each image; those without image, and several for one image, are reported. */
function pairLabels(
  groups: ReadonlyMap<string, unknown>,
  labels: Stems,
  findings: Findings,
): ReadonlyMap<string, string> {
  const plain = new Map([...groups.keys()].map((key) => [withoutImageSuffix(key), key]));
  const loose = new Map([...groups.keys()].map((key) => [looseName(key), key]));
  const found = new Map<string, string[]>();
  for (const [stem, paths] of labels) {
    const short = withoutLabelSuffix(stem);
    const key = groups.has(stem) ? stem : groups.has(short) ? short : (plain.get(stem) ?? plain.get(short));
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), ...paths]);
    else {
      const folder = stem.slice(0, Math.max(0, stem.lastIndexOf('/')));
      const near = loose.get(looseName(stem)) ?? (groups.has(folder) ? folder : undefined);
      const part =
        near === undefined
          ? [...groups.keys()].find((k) => stem.startsWith(`${k}_`) || stem.startsWith(`${k}-`))
          : near;
      const like =
        part === undefined ? '' : `; it could be one of several masks of ${part}, or that one's under another name`;
      const message = `no image for this label map${like}`;
      const hint = 'Give an image and its label map the same name, or write a seg.json.';
      for (const file of paths) findings.error('missing-image', message, hint, { file });
    }
  }
  const pairs = new Map<string, string>();
  for (const [key, paths] of found) {
    if (paths.length === 1) pairs.set(key, paths[0]!);
    else {
      const message = `${paths.length} label maps for one image: ${paths.join(', ')}; one of them could be meant, or one a reader, or each could hold a part`;
      const hint = `${HOW_TO_SAY} "label" may list one file a reader; parts have to be joined into one map.`;
      findings.error('ambiguous', message, hint, { case: key.replaceAll('/', '_') });
      pairs.set(key, paths[0]!);
    }
  }
  return pairs;
}

function reportUnlabelled(keys: readonly string[], images: number, labels: number, findings: Findings): void {
  if (keys.length === 0 || labels === 0) return; // a set without any label map is for predicting
  const message = `${keys.length} of ${images} images have no label map: ${listNames(keys)}`;
  findings.warning(
    'missing-label',
    message,
    'Add the label maps if there are any; such images are not learned from with labels.',
  );
}

function reportSurplus(paths: readonly string[], findings: Findings): void {
  const all = new Set(paths);
  const surplus = paths.filter((path) => !isVolume(path) && !isDataFile(path, all));
  if (surplus.length === 0) return;
  const message = `${surplus.length} file(s) are no volumes that are read here: ${listNames(surplus)}`;
  findings.warning(
    'stray-file',
    message,
    'Convert them if they are images or label maps, or move them out of the folders.',
  );
}

async function reportOtherFolders(place: DataPlace, used: readonly string[], findings: Findings): Promise<void> {
  const counts = new Map<string, number>();
  for (const path of await listVolumes(place, '', 1)) {
    const folder = path.includes('/') ? path.slice(0, path.indexOf('/') + 1) : path;
    if (!used.includes(folder.replace(/\/$/, ''))) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  if (counts.size === 0) return;
  const names = [...counts].map(([name, n]) =>
    name.endsWith('/') ? `${name} (${n} volume${n === 1 ? '' : 's'})` : name,
  );
  const message = `besides ${used.join(' and ')} there are volumes in ${listNames(names)}`;
  findings.warning('stray-file', message, 'They are not read; a seg.json can name them.');
}
