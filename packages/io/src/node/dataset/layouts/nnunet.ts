import { patientOfId, VOLUME_ENDINGS, volumeEnding } from '../../../dataset/case-names.ts';
import type { JsonReader } from '../../../dataset/json-reader.ts';
import type { LabelDefinition, ManifestCase } from '../../../dataset/manifest-types.ts';
import { MAX_LABEL } from '../../../dataset/parse-manifest.ts';
import { cleanRelativePath } from '../../../dataset/relative-path.ts';
import type { DataPlace } from '../resolve-inside.ts';
import { Findings, type LayoutContent } from './layout-content.ts';
import { readNnunetFolders } from './nnunet-folders.ts';
import { reportUnlisted } from './unlisted-files.ts';

/**
 * Reads the description of an nnU-Net v2 folder: `channel_names`, `labels` by name, `file_ending`, channel files
 * `CASE_0000` in `imagesTr` (and `imagesTs`, reserved for testing), label maps `CASE` in `labelsTr` (`labelsTs`), or
 * the explicit `dataset` member. Region classes (lists of values) are listed by their single values.
 */
export async function readNnunet(place: DataPlace, where: string, json: JsonReader): Promise<LayoutContent> {
  const findings = new Findings();
  const ending = readEnding(json.at('file_ending'));
  const channels = readChannels(json.at('channel_names'));
  const explicit = json.at('dataset');
  const folders = { ending, channels: channels.length, findings };
  const training = explicit.absent
    ? await readNnunetFolders(place, where, { ...folders, images: 'imagesTr', labels: 'labelsTr' })
    : explicit.entries().map(([id, entry]) => explicitCase(where, id, entry));
  const test = await readNnunetFolders(place, where, {
    ...folders,
    images: 'imagesTs',
    labels: 'labelsTs',
    split: 'test',
  });
  if (!explicit.absent) {
    // The test images have their own folders, which the list does not name.
    await reportUnlisted(place, [...training, ...test], findings, { list: 'the member "dataset"' });
  }
  const { labels, ignoreLabel } = readLabels(json.at('labels'));
  const manifest = {
    schemaVersion: 1,
    name:
      typeof json.at('name').value === 'string'
        ? json.at('name').string()
        : (place.root.split(/[\\/]/).pop() ?? 'unnamed'),
    labels,
    channels,
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
    cases: [...training, ...test].map((entry) => {
      const patient = patientOfId(entry.id);
      return patient === undefined ? entry : { ...entry, patient };
    }),
  } as const;
  return { manifest, findings: findings.list };
}

function readEnding(reader: JsonReader): string {
  const ending = reader.string();
  if (volumeEnding(`x${ending}`) !== ending.toLowerCase()) {
    reader.fail('is no ending of volumes that are read here', `Known are ${VOLUME_ENDINGS.join(', ')}.`);
  }
  return ending;
}

function readChannels(reader: JsonReader): readonly string[] {
  const names = reader.entries().map(([key, name]) => [Number(key), name.string()] as const);
  if (names.length === 0) reader.fail('names no channel');
  const sorted = names.sort((a, b) => a[0] - b[0]);
  if (sorted.some(([number], i) => number !== i)) {
    reader.fail(
      'does not number the channels 0, 1, 2, ...',
      'The files of channel 0 end in _0000, those of channel 1 in _0001.',
    );
  }
  return sorted.map(([, name]) => name);
}

function explicitCase(where: string, id: string, entry: JsonReader): ManifestCase {
  const path = (reader: JsonReader) => cleanRelativePath(where, reader.string());
  return { id, images: entry.at('images').array().map(path), label: path(entry.at('label')) };
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
