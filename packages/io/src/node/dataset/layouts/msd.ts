import { SegError } from '@seg/core';
import { idsOfFiles, patientOfId, sameName, volumeEnding, volumeStem } from '../../../dataset/case-names.ts';
import { mapCollecting } from '../../../dataset/collect-errors.ts';
import type { JsonReader } from '../../../dataset/json-reader.ts';
import type { DatasetManifest, LabelDefinition, ManifestCase, Split } from '../../../dataset/manifest-types.ts';
import { listNames } from '../../../dataset/name-list.ts';
import { MAX_LABEL } from '../../../dataset/parse-manifest.ts';
import { cleanRelativePath } from '../../../dataset/relative-path.ts';
import { isFile } from '../list-files.ts';
import { type DataPlace, resolveInside } from '../resolve-inside.ts';
import { Findings, type LayoutContent } from './layout-content.ts';
import { reportUnlisted } from './unlisted-files.ts';

/** What of a Medical Segmentation Decathlon `dataset.json` is used. */
export interface MsdOptions {
  /** The list of annotated cases. Default `training`. */
  readonly list?: string;
  /** The member of an entry that holds its label map(s). Default `label`. */
  readonly label?: string;
}

/** Reads the description of a Medical Segmentation Decathlon folder, and compares it with the files that are there. */
export async function readMsd(
  place: DataPlace,
  where: string,
  json: JsonReader,
  options: MsdOptions,
): Promise<LayoutContent> {
  const manifest = await readDescription(place, where, json, options);
  const findings = new Findings();
  const { list = 'training', label = 'label' } = options;
  const lost = await reportUnlisted(place, manifest.cases, findings, {
    list: 'dataset.json',
    named: textsOf(json.value),
    labelsPromised: true,
    // Where the list names nothing of a folder of the layout, all its files are surplus.
    folders: ['imagesTr', 'labelsTr', 'imagesTs', 'labelsTs'],
  });
  reportUnlabelled(manifest, json.at(list), { label, lost }, findings);
  reportOtherLists(json, list, findings);
  return { manifest, findings: findings.list };
}

/** Every text in the description with a volume's ending: other lists and members name files as well. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return volumeEnding(value) === undefined ? [] : [value.replace(/^(\.\/)+/, '')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Training cases that the list gives no label map; one under another member of the entry is a slip. */
function reportUnlabelled(
  manifest: DatasetManifest,
  list: JsonReader,
  { label, lost }: { readonly label: string; readonly lost: ReadonlySet<string> },
  findings: Findings,
): void {
  const without: string[] = [];
  list.array().forEach((entry, i) => {
    const id = manifest.cases[i]?.id;
    if (id === undefined || manifest.cases[i]!.label !== undefined || lost.has(id)) return;
    const others = typeof entry.value === 'string' ? [] : entry.entries();
    const named = others.filter(([key, { value }]) => key !== 'image' && textsOf(value).length > 0);
    if (named.length === 0) without.push(id);
    else {
      const message = `the entry has no "${label}", but files under ${named.map(([key]) => `"${key}"`).join(', ')}`;
      findings.error('missing-label', message, `Call the member "${label}" if it holds the label map.`, { case: id });
    }
  });
  if (without.length > 0) {
    const message = `${without.length} of ${list.array().length} training case(s) have no label map: ${listNames(without)}`;
    findings.warning('missing-label', message, 'Add the label maps to the entries if there are any.');
  }
}

/** Lists of images besides those that are used. */
function reportOtherLists(json: JsonReader, list: string, findings: Findings): void {
  const isEntry = ({ value }: JsonReader) => typeof value === 'object' && value !== null && 'image' in value;
  for (const [key, member] of json.entries()) {
    if ([list, 'validation', 'test'].includes(key) || !Array.isArray(member.value)) continue;
    const count = member.array().filter(isEntry).length;
    if (count === 0) continue;
    const message = `the ${count} image(s) of the list "${key}" are not used`;
    const hint = `Add them to "${list}" to use them, or open that list in its place (option msd.list of the library).`;
    findings.warning('stray-file', message, hint, { file: 'dataset.json' });
  }
}

async function readDescription(
  place: DataPlace,
  where: string,
  json: JsonReader,
  options: MsdOptions,
): Promise<DatasetManifest> {
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
  const others = (['validation', 'test'] as const).flatMap((split): Listed[] => {
    if (split === list || json.at(split).absent) return [];
    return readEntries(where, json.at(split), label).map((entry, i) => ({ ...entry, split, place: `${split}[${i}]` }));
  });
  const entries: Listed[] = [...annotated.map((entry, i) => ({ ...entry, place: `${list}[${i}]` })), ...others];
  const ids = idsOfFiles(entries.map(({ images }) => images[0]!));
  refuseRepeated(where, entries);
  const cases: ManifestCase[] = [];
  for (const [i, entry] of entries.entries()) {
    const patient = entry.patient ?? patientOfId(ids[i]!);
    cases.push({
      id: ids[i]!,
      ...(patient === undefined ? {} : { patient }),
      images: await withChannelFiles(place, entry.images, channels.length),
      ...(entry.label === undefined ? {} : { label: entry.label }),
      ...(entry.labels === undefined ? {} : { labels: entry.labels }),
      ...(entry.split === undefined ? {} : { split: entry.split }),
    });
  }
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

interface Listed extends Entry {
  /** Where the entry is in the document. */
  readonly place: string;
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

/** An image of two entries would be learned from twice, or be trained and tested on. */
function refuseRepeated(where: string, entries: readonly Listed[]): void {
  const seen = new Map<string, string>();
  mapCollecting(where, entries, ({ images, place }) => {
    const image = sameName(images.join(', '));
    const first = seen.get(image);
    if (first === undefined) seen.set(image, place);
    else {
      throw new SegError('corrupt-data', {
        where,
        problem: `the image ${image} occurs twice, in ${first} and ${place}`,
        hint: 'Keep one of the two entries.',
      });
    }
  });
}

/** nnU-Net v1 kept the Decathlon's list, but its image files carry a channel suffix that the list leaves out. */
async function withChannelFiles(
  place: DataPlace,
  images: readonly string[],
  channels: number,
): Promise<readonly string[]> {
  const [image] = images;
  // A link that leads out of the folder is refused where the case is opened.
  const isThere = async (path: string) => isFile(await resolveInside({ ...place, allowLinksOutside: true }, path));
  if (images.length !== 1 || (await isThere(image!))) return images;
  const stem = image!.slice(0, image!.lastIndexOf('/') + 1) + volumeStem(image!);
  const file = (c: number) => `${stem}_${String(c).padStart(4, '0')}${image!.slice(stem.length)}`;
  return (await isThere(file(0))) ? Array.from({ length: channels }, (_, c) => file(c)) : images;
}
