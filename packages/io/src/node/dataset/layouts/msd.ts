import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { idsOfFiles, patientOfId, volumeEnding } from '../../../dataset/case-names.ts';
import { mapCollecting } from '../../../dataset/collect-errors.ts';
import type { JsonReader } from '../../../dataset/json-reader.ts';
import type { DatasetManifest, LabelDefinition, ManifestCase, Split } from '../../../dataset/manifest-types.ts';
import { MAX_LABEL } from '../../../dataset/parse-manifest.ts';
import { cleanRelativePath } from '../../../dataset/relative-path.ts';

/** What of a Medical Segmentation Decathlon `dataset.json` is used. */
export interface MsdOptions {
  /** The list of annotated cases. Default `training`. */
  readonly list?: string;
  /** The member of an entry that holds its label map(s). Default `label`. */
  readonly label?: string;
}

/** Reads the description of a Medical Segmentation Decathlon folder. */
export function readMsd(root: string, where: string, json: JsonReader, options: MsdOptions): DatasetManifest {
  const { list = 'training', label = 'label' } = options;
  if (json.at(list).absent) {
    const rule = `A Decathlon dataset.json lists its cases under "${list}"; an nnU-Net one has channel_names and file_ending.`;
    json.at(list).fail('is missing', rule);
  }
  const names = json.at(`${label}Labels`).absent || label === 'label' ? json.at('labels') : json.at(`${label}Labels`);
  const { labels, ignoreLabel } = readLabelNames(names);
  const modality = json.at('modality').absent ? json.at('channel_names') : json.at('modality');
  const channels = readChannels(modality);
  const annotated = readEntries(where, json.at(list), label);
  const unlabelled = json.at('test').absent ? [] : readEntries(where, json.at('test'), label);
  const entries = [...annotated, ...unlabelled.map((entry) => ({ ...entry, split: 'test' as Split }))];
  const ids = idsOfFiles(entries.map(({ images }) => images[0]!));
  const cases = entries.map((entry, i): ManifestCase => {
    const patient = entry.patient ?? patientOfId(ids[i]!);
    return {
      id: ids[i]!,
      ...(patient === undefined ? {} : { patient }),
      images: withChannelFiles(root, entry.images, channels.length),
      ...(entry.label === undefined ? {} : { label: entry.label }),
      ...(entry.labels === undefined ? {} : { labels: entry.labels }),
      ...(entry.split === undefined ? {} : { split: entry.split }),
    };
  });
  const texts = (['description', 'licence', 'reference'] as const).filter(
    (key) => typeof json.at(key).value === 'string',
  );
  return {
    schemaVersion: 1,
    name: typeof json.at('name').value === 'string' ? json.at('name').string() : 'unnamed',
    ...Object.fromEntries(texts.filter((key) => json.at(key).value !== '').map((key) => [key, json.at(key).string()])),
    labels,
    channels,
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
    cases,
  };
}

interface Entry {
  readonly images: readonly string[];
  readonly label?: string | readonly string[];
  readonly labels?: readonly LabelDefinition[];
  readonly patient?: string;
  readonly split?: Split;
}

function readEntries(where: string, list: JsonReader, labelKey: string): Entry[] {
  return mapCollecting(where, list.array(), (reader): Entry => {
    const path = (r: JsonReader) => cleanRelativePath(where, r.string());
    if (typeof reader.value === 'string') return { images: [path(reader)] };
    const image = reader.at('image');
    const label = reader.at(labelKey);
    const patient = (['patient', 'subject'] as const).map((k) => reader.at(k)).find((r) => typeof r.value === 'string');
    const images = Array.isArray(image.value) ? image.array().map(path) : [path(image)];
    if (images.length === 0) image.fail('is an empty list');
    return {
      images,
      ...(label.absent ? {} : { label: Array.isArray(label.value) ? label.array().map(path) : path(label) }),
      ...(reader.at('labels').absent ? {} : { labels: readLabelNames(reader.at('labels')).labels }),
      ...(patient === undefined ? {} : { patient: patient.string() }),
    };
  });
}

/** `{"0": "background", "1": "liver"}`, or the other way round as in nnU-Net v2; a class called "ignore" or "(ignore)" is the ignore label. */
function readLabelNames(reader: JsonReader): { labels: LabelDefinition[]; ignoreLabel: number | undefined } {
  let ignoreLabel: number | undefined;
  const labels: LabelDefinition[] = [];
  for (const [key, member] of reader.entries()) {
    const byName = typeof member.value === 'number';
    const value = byName ? member.integer(0, MAX_LABEL) : /^\d+$/.test(key) ? Number(key) : Number.NaN;
    if (!(value <= MAX_LABEL)) member.fail('must have a label value as its key');
    const name = byName ? key : member.string();
    if (/\bignore\b/i.test(name)) ignoreLabel = value;
    else if (value > 0) labels.push({ value, name });
  }
  return { labels: uniqueNames(labels.sort((a, b) => a.value - b.value)), ignoreLabel };
}

function uniqueNames(labels: readonly LabelDefinition[]): LabelDefinition[] {
  const repeated = (name: string) => labels.filter((l) => l.name === name).length > 1;
  return labels.map(({ value, name }) => ({ value, name: repeated(name) ? `${name} (${value})` : name }));
}

function readChannels(reader: JsonReader): string[] {
  if (reader.absent) return ['channel 0'];
  const names = reader.entries().map(([key, name]) => [Number(key), name.string()] as const);
  if (names.length === 0) reader.fail('names no channel');
  return names.sort((a, b) => a[0] - b[0]).map(([, name]) => name);
}

/** nnU-Net v1 kept the Decathlon's list, but its image files carry a channel suffix that the list leaves out. */
function withChannelFiles(root: string, images: readonly string[], channels: number): readonly string[] {
  const [image] = images;
  if (images.length !== 1 || existsSync(join(root, image!))) return images;
  const ending = volumeEnding(image!)?.length ?? 0;
  const file = (c: number) =>
    `${image!.slice(0, image!.length - ending)}_${String(c).padStart(4, '0')}${image!.slice(image!.length - ending)}`;
  return existsSync(join(root, file(0))) ? Array.from({ length: channels }, (_, c) => file(c)) : images;
}
