import { isDataFile, sameName, splitChannelSuffix, volumeEnding, volumeStem } from '../../../dataset/case-names.ts';
import { looseName } from '../../../dataset/loose-name.ts';
import type { ManifestCase, Split } from '../../../dataset/manifest-types.ts';
import { listNames } from '../../../dataset/name-list.ts';
import { parseNnunetName } from '../../../dataset/nnunet-name.ts';
import { cleanRelativePath } from '../../../dataset/relative-path.ts';
import { listFiles } from '../list-files.ts';
import type { DataPlace } from '../resolve-inside.ts';
import type { Findings } from './layout-content.ts';

interface FolderOptions {
  readonly ending: string;
  readonly channels: number;
  readonly images: string;
  readonly labels: string;
  readonly split?: Split;
  readonly findings: Findings;
}

/** What two folders hold, by case. */
interface Sorted {
  readonly images: ReadonlyMap<string, ReadonlyMap<number, string>>;
  readonly labels: ReadonlyMap<string, string>;
  /** Files in them that the layout does not name. */
  readonly strays: { readonly images: readonly string[]; readonly labels: readonly string[] };
  readonly all: ReadonlySet<string>;
}

/** The cases of an nnU-Net folder of images and its folder of label maps. */
export async function readNnunetFolders(
  place: DataPlace,
  where: string,
  options: FolderOptions,
): Promise<readonly ManifestCase[]> {
  const { ending, channels, images: folder, split, findings } = options;
  const sorted = await sortFiles(place, options);
  reportStrayImages(sorted, options);
  const rescued = reportLabelsWithoutImage(sorted, options);
  reportMissingLabels(sorted, rescued, options);
  if (sorted.images.size === 0 && split === undefined) {
    const found = (await listFiles(place, '', 1)).map((path) =>
      path.includes('/') ? path.replace(/\/.*/, '/') : path,
    );
    const message = `no image ${folder}/CASE_0000${ending}; the data set's folder holds ${listNames([...new Set(found)])}`;
    findings.error('missing-image', message, 'Put the images there, under these names.');
  }
  return [...sorted.images.keys()].sort().map((id): ManifestCase => {
    const files = sorted.images.get(id)!;
    const label = sorted.labels.get(id);
    const name = (c: number) => `${folder}/${id}_${String(c).padStart(4, '0')}${ending}`;
    for (const [channel, path] of files) {
      if (channel < channels) continue;
      const message = `channel ${channel}, but channel_names has ${channels} (0 to ${channels - 1})`;
      findings.error('channel-count', message, 'Name the channel in channel_names, or remove the file.', {
        case: id,
        file: path,
      });
    }
    return {
      id,
      images: Array.from({ length: channels }, (_, c) => cleanRelativePath(where, files.get(c) ?? name(c))),
      ...(label === undefined ? {} : { label: cleanRelativePath(where, label) }),
      ...(split === undefined ? {} : { split }),
    };
  });
}

async function sortFiles(place: DataPlace, names: FolderOptions): Promise<Sorted> {
  const { ending, findings } = names;
  const images = new Map<string, Map<number, string>>();
  const labels = new Map<string, string>();
  const strays = { images: [] as string[], labels: [] as string[] };
  const imageFiles = await listFiles(place, names.images);
  const labelFiles = await listFiles(place, names.labels);
  for (const path of imageFiles) {
    const parts = parseNnunetName(path.slice(names.images.length + 1), ending);
    if (parts === undefined || parts.id.includes('/')) {
      strays.images.push(path);
      continue;
    }
    const files = images.get(parts.id) ?? new Map<number, string>();
    const twin = files.get(parts.channel);
    if (twin !== undefined) reportTwins(parts.id, twin, path, findings);
    else images.set(parts.id, files.set(parts.channel, path));
  }
  for (const path of labelFiles) {
    const id = sameName(path.slice(names.labels.length + 1, path.length - ending.length));
    const twin = labels.get(id);
    if (!path.endsWith(ending) || id === '' || id.includes('/')) strays.labels.push(path);
    else if (twin !== undefined) reportTwins(id, twin, path, findings);
    else labels.set(id, path);
  }
  return { images, labels, strays, all: new Set([...imageFiles, ...labelFiles]) };
}

function reportTwins(id: string, first: string, second: string, findings: Findings): void {
  const message = `${first} and ${second} have names that look the same (two Unicode normal forms): either could be meant`;
  findings.error('ambiguous', message, 'Keep one of the two files.', { case: id });
}

function reportStrayImages({ images, strays, all }: Sorted, { ending, findings, ...names }: FolderOptions): void {
  const surplus: string[] = [];
  for (const path of strays.images) {
    if (isDataFile(path, all)) continue;
    const stem = sameName(volumeStem(path));
    const { id, channel } = splitChannelSuffix(stem) ?? { id: stem, channel: 0 };
    const files = images.get(id) ?? images.get(stem);
    if (volumeEnding(path) === undefined || files?.has(channel) === true) surplus.push(path);
    else {
      const message = `this image is not read: ${whyNotImage(path, names.images, ending)}`;
      const right = `${names.images}/${id}_${String(channel).padStart(4, '0')}${ending}`;
      findings.error('stray-file', message, `Save it as ${right}, or move it out of the folder.`, {
        case: id,
        file: path,
      });
    }
  }
  reportSurplus(surplus, names.images, findings);
}

function whyNotImage(path: string, folder: string, ending: string): string {
  if (path.slice(folder.length + 1).includes('/')) return 'the layout has no folders in this folder';
  if (!path.endsWith(ending)) return `file_ending is ${ending}`;
  return `its name has no channel number such as _0000${ending}`;
}

/** Label maps that no image has. Returns the cases that they may have been made for. */
function reportLabelsWithoutImage(
  { images, labels, strays, all }: Sorted,
  { ending, findings, ...names }: FolderOptions,
): ReadonlySet<string> {
  const byLooseName = new Map([...images.keys()].map((id) => [looseName(id), id]));
  const without = [...labels].filter(([id]) => !images.has(id)).map(([, path]) => path);
  const meant = new Set<string>();
  const surplus: string[] = [];
  for (const path of [...without, ...strays.labels]) {
    if (isDataFile(path, all)) continue;
    const stem = sameName(volumeStem(path));
    const id = images.has(stem) ? stem : byLooseName.get(looseName(stem));
    if (volumeEnding(path) === undefined || (id !== undefined && labels.has(id))) surplus.push(path);
    else if (id === undefined) {
      const message = `this label map belongs to no image: ${names.images}/${stem}_0000${ending} does not exist`;
      findings.error('missing-image', message, 'Add the image, or move the label map out of the folder.', {
        file: path,
      });
    } else {
      meant.add(id);
      const message = `this label map is not read: that of ${id} must be ${names.labels}/${id}${ending}`;
      const hint = `Save it as ${names.labels}/${id}${ending} (convert it, do not only rename it), or move it out of the folder.`;
      findings.error('stray-file', message, hint, { case: id, file: path });
    }
  }
  reportSurplus(surplus, names.labels, findings);
  return meant;
}

function reportMissingLabels(sorted: Sorted, meant: ReadonlySet<string>, names: FolderOptions): void {
  // A set without any label map is for predicting.
  if (sorted.labels.size === 0 && sorted.strays.labels.length === 0) return;
  const without = [...sorted.images.keys()].filter((id) => !sorted.labels.has(id) && !meant.has(id)).sort();
  if (names.split === 'test' && without.length > 0) {
    const message = `${without.length} test case(s) have no label map in ${names.labels}: ${listNames(without)}`;
    names.findings.warning('missing-label', message, 'Add the label maps if there are any.');
    return;
  }
  for (const id of without) {
    const message = `no label map ${names.labels}/${id}${names.ending}, which the layout demands of every training image`;
    const hint =
      'Add it, move the image out of the folder, or describe the set in a seg.json, which may list images without label map.';
    names.findings.error('missing-label', message, hint, { case: id });
  }
}

function reportSurplus(paths: readonly string[], folder: string, findings: Findings): void {
  if (paths.length === 0) return;
  const message = `${paths.length} file(s) in ${folder} belong to no case or double one: ${listNames(paths)}`;
  findings.warning('stray-file', message, 'They are not read; move them out of the folder.');
}
