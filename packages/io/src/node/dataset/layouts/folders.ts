import { basename, join } from 'node:path';
import { SegError } from '@seg/core';
import { patientOfId, splitChannelSuffix, volumeStem } from '../../../dataset/case-names.ts';
import type { DatasetManifest, LabelDefinition, ManifestCase } from '../../../dataset/manifest-types.ts';
import { isFolder, listVolumes } from '../list-files.ts';

const IMAGE_FOLDERS = ['images', 'imagesTr', 'image', 'img'];
const LABEL_FOLDERS = ['labels', 'labelsTr', 'label', 'masks', 'segmentations', 'seg'];

/** Endings that people put behind the case's name in the file of its label map. */
const LABEL_SUFFIX = /[_-](seg|segmentation|label|labels|mask|gt)$/i;

/** The pair of folders that a data set without description keeps its images and label maps in, if it has one. */
export async function findFolders(root: string): Promise<{ images: string; labels: string } | undefined> {
  const first = async (names: readonly string[]) => {
    for (const name of names) if (await isFolder(join(root, name))) return name;
    return undefined;
  };
  const images = await first(IMAGE_FOLDERS);
  const labels = await first(LABEL_FOLDERS);
  return images === undefined || labels === undefined ? undefined : { images, labels };
}

/**
 * Pairs the files of two plain folders by name (`a.nii.gz` with `a.nii.gz`, `a_seg.nii.gz`, ...); where every image
 * carries a `_0000` suffix, those are channels.
 *
 * @param options.labels the classes, or how to find the values that occur where nobody names them.
 */
export async function readFolders(
  root: string,
  folders: { readonly images: string; readonly labels: string },
  options: { readonly labels: (paths: readonly string[]) => Promise<readonly LabelDefinition[]> },
): Promise<DatasetManifest> {
  const images = await listVolumes(root, folders.images, 2);
  const labelFiles = await listVolumes(root, folders.labels, 2);
  if (images.length === 0) {
    throw new SegError('not-found', {
      where: join(root, folders.images),
      problem: 'no volumes in the folder',
      hint: 'Put .nii.gz, .nii, .nrrd or .mha files there.',
    });
  }
  const relative = (path: string, folder: string) => path.slice(folder.length + 1);
  const stemOf = (path: string) => {
    const name = relative(path, folders.images);
    return name.slice(0, name.lastIndexOf('/') + 1) + volumeStem(name);
  };
  const channelled = images.every((path) => splitChannelSuffix(stemOf(path)) !== undefined);
  const groups = new Map<string, string[]>();
  for (const path of images) {
    const id = channelled ? splitChannelSuffix(stemOf(path))!.id : stemOf(path);
    groups.set(id, [...(groups.get(id) ?? []), path]);
  }
  const labelOf = new Map<string, string>();
  for (const path of labelFiles) {
    const name = relative(path, folders.labels);
    const stem = name.slice(0, name.lastIndexOf('/') + 1) + volumeStem(name);
    labelOf.set(groups.has(stem) ? stem : stem.replace(LABEL_SUFFIX, ''), path);
  }
  const unmatched = [...labelOf].filter(([id]) => !groups.has(id)).map(([, path]) => path);
  if (unmatched.length > 0) {
    throw new SegError('not-found', {
      where: root,
      problem: `no image for ${unmatched.length} label map(s): ${unmatched.slice(0, 5).join(', ')}`,
      hint: 'Give an image and its label map the same name, or write a seg.json.',
    });
  }
  const channels = Math.max(...[...groups.values()].map((files) => files.length));
  const cases = [...groups].map(([key, files]): ManifestCase => {
    const id = key.replaceAll('/', '_');
    const label = labelOf.get(key);
    const patient = patientOfId(id);
    return {
      id,
      ...(patient === undefined ? {} : { patient }),
      images: files,
      ...(label === undefined ? {} : { label }),
    };
  });
  return {
    schemaVersion: 1,
    name: basename(root),
    labels: await options.labels([...labelOf.values()]),
    channels: Array.from({ length: channels }, (_, c) => `channel ${c}`),
    cases,
  };
}
