import { patientOfId, splitChannelSuffix } from '../../../dataset/case-names.ts';
import type { JsonReader } from '../../../dataset/json-reader.ts';
import type { DatasetManifest, LabelDefinition, ManifestCase, Split } from '../../../dataset/manifest-types.ts';
import { MAX_LABEL } from '../../../dataset/parse-manifest.ts';
import { cleanRelativePath } from '../../../dataset/relative-path.ts';
import { listVolumes } from '../list-files.ts';

/**
 * Reads the description of an nnU-Net v2 folder: `channel_names`, `labels` by name, `file_ending`, channel files
 * `CASE_0000` in `imagesTr` (and `imagesTs`, reserved for testing), label maps `CASE` in `labelsTr` (`labelsTs`), or
 * the explicit `dataset` member. Region classes (lists of values) are listed by their single values.
 */
export async function readNnunet(root: string, where: string, json: JsonReader): Promise<DatasetManifest> {
  const ending = json.at('file_ending').string();
  const names = json
    .at('channel_names')
    .entries()
    .map(([key, name]) => [Number(key), name.string()] as const);
  if (names.length === 0) json.at('channel_names').fail('names no channel');
  const channels = names.sort((a, b) => a[0] - b[0]).map(([, name]) => name);
  const explicit = json.at('dataset');
  const training = explicit.absent
    ? await casesOfFolder(root, where, { ending, channels: channels.length, images: 'imagesTr', labels: 'labelsTr' })
    : explicit.entries().map(([id, entry]) => explicitCase(where, id, entry));
  const test = await casesOfFolder(root, where, {
    ending,
    channels: channels.length,
    images: 'imagesTs',
    labels: 'labelsTs',
    split: 'test',
  });
  const { labels, ignoreLabel } = readLabels(json.at('labels'));
  return {
    schemaVersion: 1,
    name:
      typeof json.at('name').value === 'string' ? json.at('name').string() : (root.split(/[\\/]/).pop() ?? 'unnamed'),
    labels,
    channels,
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
    cases: [...training, ...test],
  };
}

function explicitCase(where: string, id: string, entry: JsonReader): ManifestCase {
  const path = (reader: JsonReader) => cleanRelativePath(where, reader.string());
  return { id, ...patientMember(id), images: entry.at('images').array().map(path), label: path(entry.at('label')) };
}

interface FolderNames {
  readonly ending: string;
  readonly channels: number;
  readonly images: string;
  readonly labels: string;
  readonly split?: Split;
}

async function casesOfFolder(root: string, where: string, names: FolderNames): Promise<ManifestCase[]> {
  const { ending, images, labels, split } = names;
  const labelFiles = new Set(await listVolumes(root, labels));
  const filesOfCase = new Map<string, Map<number, string>>();
  for (const path of await listVolumes(root, images)) {
    if (!path.endsWith(ending)) continue;
    const stem = path.slice(images.length + 1, path.length - ending.length);
    const parts = splitChannelSuffix(stem);
    if (parts === undefined) continue;
    const files = filesOfCase.get(parts.id) ?? new Map<number, string>();
    filesOfCase.set(parts.id, files.set(parts.channel, path));
  }
  // A label map without images is listed as well, so that verification names the missing files.
  for (const path of labelFiles) {
    if (!path.endsWith(ending)) continue;
    const id = path.slice(labels.length + 1, path.length - ending.length);
    if (!filesOfCase.has(id)) filesOfCase.set(id, new Map());
  }
  return [...filesOfCase.keys()].sort().map((id): ManifestCase => {
    const files = filesOfCase.get(id)!;
    const label = `${labels}/${id}${ending}`;
    const expected = Array.from(
      { length: Math.max(names.channels, ...[...files.keys()].map((c) => c + 1)) },
      (_, c) => files.get(c) ?? `${images}/${id}_${String(c).padStart(4, '0')}${ending}`,
    );
    return {
      id,
      ...patientMember(id),
      images: expected.map((path) => cleanRelativePath(where, path)),
      ...(labelFiles.has(label) ? { label } : {}),
      ...(split === undefined ? {} : { split }),
    };
  });
}

function patientMember(id: string): { patient?: string } {
  const patient = patientOfId(id);
  return patient === undefined ? {} : { patient };
}

function readLabels(reader: JsonReader): { labels: LabelDefinition[]; ignoreLabel: number | undefined } {
  const single = new Map<number, string>();
  const values = new Set<number>();
  let ignoreLabel: number | undefined;
  for (const [name, entry] of reader.entries()) {
    const list = Array.isArray(entry.value)
      ? entry.array().map((v) => v.integer(0, MAX_LABEL))
      : [entry.integer(0, MAX_LABEL)];
    if (name === 'ignore') ignoreLabel = list[0];
    else for (const value of list) values.add(value);
    if (list.length === 1 && name !== 'ignore') single.set(list[0]!, name);
  }
  const labels = [...values]
    .filter((value) => value > 0)
    .sort((a, b) => a - b)
    .map((value) => ({ value, name: single.get(value) ?? `label ${value}` }));
  return { labels, ignoreLabel };
}
