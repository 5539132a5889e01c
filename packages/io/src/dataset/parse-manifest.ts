import { sameName } from './case-names.ts';
import { mapCollecting } from './collect-errors.ts';
import { type JsonReader, parseJson } from './json-reader.ts';
import type { DatasetManifest, LabelDefinition, ManifestCase } from './manifest-types.ts';
import { cleanRelativePath } from './relative-path.ts';

/** File name of our manifest in a data set's folder. */
export const MANIFEST_NAME = 'seg.json';

/** Largest label value: int32 maps hold it and float32 tensors hold it exactly. */
export const MAX_LABEL = 2 ** 24 - 1;

/**
 * A checked manifest from its JSON text (see `schema/manifest.schema.json`).
 *
 * @param options.where name of the file for errors; default `seg.json`.
 * @throws SegError `corrupt-data` that names the place, `invalid-argument` for paths that leave the folder.
 */
export function parseManifest(text: string, options: { readonly where?: string } = {}): DatasetManifest {
  const { where = MANIFEST_NAME } = options;
  const root = parseJson(where, text).onlyKeys([
    '$schema',
    'schemaVersion',
    'name',
    'description',
    'licence',
    'reference',
    'labels',
    'channels',
    'ignoreLabel',
    'cases',
  ]);
  if (root.at('schemaVersion').value !== 1) {
    root.at('schemaVersion').fail('must be 1', 'This release reads version 1; a newer file needs a newer @seg/io.');
  }
  const labels = readLabels(root.at('labels'));
  const channels = root
    .at('channels')
    .array()
    .map((c) => c.string());
  if (channels.length === 0) root.at('channels').fail('must name at least one channel');
  const ignoreLabel = root.at('ignoreLabel').absent ? undefined : root.at('ignoreLabel').integer(1, MAX_LABEL);
  if (ignoreLabel !== undefined && labels.some(({ value }) => value === ignoreLabel)) {
    root.at('ignoreLabel').fail('is also the value of a class');
  }
  const seen = new Set<string>();
  const cases = mapCollecting(where, root.at('cases').array(), (entry) => {
    const parsed = readCase(where, entry, labels, channels.length);
    if (seen.has(parsed.id)) entry.at('id').fail('occurs twice', 'Case ids must be unique.');
    seen.add(parsed.id);
    return parsed;
  });
  const texts = (['description', 'licence', 'reference'] as const).filter((key) => !root.at(key).absent);
  return {
    schemaVersion: 1,
    name: root.at('name').string(),
    ...Object.fromEntries(texts.map((key) => [key, root.at(key).string()])),
    labels,
    channels,
    ...(ignoreLabel === undefined ? {} : { ignoreLabel }),
    cases,
  };
}

function readLabels(reader: JsonReader): readonly LabelDefinition[] {
  const labels = reader.array().map((entry): LabelDefinition => {
    entry.onlyKeys(['value', 'name']);
    return { value: entry.at('value').integer(0, MAX_LABEL), name: entry.at('name').string() };
  });
  const repeated = labels.find(
    (label, i) => labels.findIndex((l) => l.value === label.value || l.name === label.name) < i,
  );
  if (repeated !== undefined) reader.fail(`has the value ${repeated.value} or the name "${repeated.name}" twice`);
  return labels.filter(({ value }) => value > 0).sort((a, b) => a.value - b.value);
}

function readCase(
  where: string,
  entry: JsonReader,
  labels: readonly LabelDefinition[],
  channels: number,
): ManifestCase {
  entry.onlyKeys(['id', 'patient', 'images', 'label', 'annotatedLabels', 'labels', 'split', 'spacingMm']);
  const path = (reader: JsonReader) => cleanRelativePath(where, reader.string());
  const images = entry.at('images').array().map(path);
  if (images.length !== 1 && images.length !== channels) {
    entry.at('images').fail(`must be one file, or one for each of the ${channels} channels`);
  }
  const label = entry.at('label');
  const own = entry.at('labels').absent ? undefined : readLabels(entry.at('labels'));
  const annotated = entry.at('annotatedLabels');
  const spacing = entry.at('spacingMm');
  const declared = new Set((own ?? labels).map(({ value }) => value));
  return {
    id: readId(entry.at('id')),
    ...(entry.at('patient').absent ? {} : { patient: entry.at('patient').string() }),
    images,
    ...(label.absent ? {} : { label: Array.isArray(label.value) ? readLabelList(label, path) : path(label) }),
    ...(annotated.absent ? {} : { annotatedLabels: readAnnotated(annotated, declared) }),
    ...(own === undefined ? {} : { labels: own }),
    ...(entry.at('split').absent ? {} : { split: entry.at('split').oneOf(['train', 'validation', 'test']) }),
    ...(spacing.absent ? {} : { spacingMm: readSpacing(spacing) }),
  };
}

function readId(reader: JsonReader): string {
  const id = sameName(reader.string());
  // Ids become names of output files.
  if (!/^[^\\/:*?"<>|]+$/.test(id) || [...id].some((c) => c < ' ') || /^\.+$/.test(id)) {
    reader.fail('cannot be part of a file name', 'Use letters, digits, "_", "-" and ".".');
  }
  return id;
}

function readLabelList(reader: JsonReader, path: (reader: JsonReader) => string): readonly string[] {
  const paths = reader.array().map(path);
  if (paths.length === 0) reader.fail('is an empty list', 'Leave "label" out where a case is not annotated.');
  return paths;
}

function readAnnotated(reader: JsonReader, declared: ReadonlySet<number>): readonly number[] {
  return reader.array().map((value) => {
    const number = value.integer(0, MAX_LABEL);
    if (number !== 0 && !declared.has(number)) value.fail('is not the value of a declared label');
    return number;
  });
}

function readSpacing(reader: JsonReader): readonly [number, number, number] {
  const values = reader.array().map((v) => v.positive());
  if (values.length !== 3) reader.fail('must be three numbers (z, y, x)');
  return values as unknown as readonly [number, number, number];
}
