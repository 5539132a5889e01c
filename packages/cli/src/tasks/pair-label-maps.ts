import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SegError } from '@seg/core';
import { parseBidsName, splitChannelSuffix } from '@seg/io';
import { imageStem, requireFolder } from './folders.ts';

/** A predicted label map and the reference that it is compared with. */
export interface LabelMapPair {
  /** The prediction's name without ending, with its sub-folder. */
  readonly id: string;
  readonly prediction: string;
  readonly reference: string;
}

interface LabelFile {
  /** Path in the folder, in Unicode's composed form, without ending. */
  readonly key: string;
  readonly path: string;
}

/** Endings that people put behind the case's name in the files of label maps and of images. */
const LABEL_WORD = /(?:^|[_.-])(?:seg|segmentation|label|labels|mask|gt|pred|prediction)$/i;
const IMAGE_WORD = /[_.-](?:img|image|im|scan|volume)$/i;
/** Suffixes of segmentations in BIDS. */
const BIDS_LABEL = /^(dseg|mask|seg|roi|label)$/i;

const MAX_DEPTH = 6;

/**
 * Pairs the label maps of two folders by their names: those of the same name, and those that are the same without what
 * layouts put behind it. A prediction `X`, `X_0000` or `X_img` belongs to `X`, `X_seg` or `X/seg`; in BIDS `sub-1_T1w`
 * or `sub-1_dseg` belongs to the segmentation of that subject, session and run.
 *
 * @throws SegError `not-found` for a missing folder, no predictions or predictions without reference (all are named);
 * `invalid-argument` for what can be paired in two ways.
 */
export async function pairLabelMaps(
  prediction: string,
  reference: string,
  onWarning?: (message: string) => void,
): Promise<readonly LabelMapPair[]> {
  const predictions = await labelFiles(prediction);
  const references = await labelFiles(reference);
  if (predictions.length === 0) {
    throw new SegError('not-found', {
      where: 'evaluateFolders',
      problem: `there are no label maps in ${prediction}`,
      hint: 'Name the folder that seg predict wrote.',
    });
  }
  const chosen = choosePairs(predictions, references);
  const missing = predictions.filter((file) => chosen.get(file)!.length === 0).map(({ key }) => key);
  if (missing.length > 0) {
    throw new SegError('not-found', {
      where: 'evaluateFolders',
      problem: `${missing.length} of ${predictions.length} predictions have no reference in ${reference}: ${shortList(missing)}`,
      hint: 'Predictions and references must have the same names, but for endings such as _0000, _img, _seg and _dseg.',
    });
  }
  refuseAmbiguous(predictions, chosen);
  const left = references.length - predictions.length;
  if (left > 0) onWarning?.(`${left} of ${references.length} references have no prediction and are left out`);
  return predictions.map((file) => ({ id: file.key, prediction: file.path, reference: chosen.get(file)![0]!.path }));
}

/** The references that each prediction could belong to. */
function choosePairs(
  predictions: readonly LabelFile[],
  references: readonly LabelFile[],
): ReadonlyMap<LabelFile, readonly LabelFile[]> {
  const exact = new Map(references.map((file) => [file.key, file]));
  const claimed = new Set(predictions.flatMap(({ key }) => exact.get(key) ?? []));
  // By the strength of a name: as it is, without what layouts put behind it, by the subject of a BIDS name.
  const byName = index(references, referenceNames);
  const bySubject = index(references, ({ key }) => {
    const name = parseBidsName(key);
    return name !== undefined && BIDS_LABEL.test(name.suffix) ? [name.key] : [];
  });
  return new Map(
    predictions.map((file) => {
      const own = exact.get(file.key);
      const free = (found: readonly LabelFile[]) => found.filter((other) => other === own || !claimed.has(other));
      const same = free([
        ...new Set([
          ...(own === undefined ? [] : [own]),
          ...predictionNames(file).flatMap((name) => byName.get(name) ?? []),
        ]),
      ]);
      const subject = parseBidsName(file.key)?.key;
      return [file, same.length > 0 || subject === undefined ? same : free(bySubject.get(subject) ?? [])];
    }),
  );
}

function refuseAmbiguous(
  predictions: readonly LabelFile[],
  chosen: ReadonlyMap<LabelFile, readonly LabelFile[]>,
): void {
  const problems: string[] = [];
  const users = new Map<LabelFile, LabelFile[]>();
  for (const file of predictions) {
    const found = chosen.get(file)!;
    if (found.length > 1) problems.push(`${file.path} could belong to ${found.map(({ path }) => path).join(' or ')}`);
    else users.set(found[0]!, [...(users.get(found[0]!) ?? []), file]);
  }
  for (const [reference, files] of users) {
    if (files.length > 1)
      problems.push(`${files.map(({ path }) => path).join(' and ')} could both belong to ${reference.path}`);
  }
  if (problems.length === 0) return;
  throw new SegError('invalid-argument', {
    where: 'evaluateFolders',
    problem: `predictions and references can be paired in several ways:\n  ${problems.slice(0, 20).join('\n  ')}${problems.length > 20 ? `\n  and ${problems.length - 20} more` : ''}`,
    hint: 'Move what is not meant out of the folder, or give predictions and references the same names.',
  });
}

/** What a prediction's reference may be called: names without channel number, image's word or suffix. */
function predictionNames({ key }: LabelFile): readonly string[] {
  const stem = stemOf(key);
  const bids = parseBidsName(key);
  const plain = [stem, splitChannelSuffix(stem)?.id ?? stem, stem.replace(IMAGE_WORD, ''), withoutLabelWord(stem)];
  const names = [...plain, ...(bids === undefined ? [] : [stem.slice(0, stem.lastIndexOf('_'))])];
  return [...new Set([...names, key.replaceAll('/', '_')])].filter((name) => name !== '');
}

function referenceNames({ key }: LabelFile): readonly string[] {
  const stem = stemOf(key);
  const bids = parseBidsName(key);
  const folder = key.slice(0, key.length - stem.length - 1);
  const plain = withoutLabelWord(stem);
  const names = [stem, plain === '' ? stemOf(folder) : plain];
  if (bids !== undefined && BIDS_LABEL.test(bids.suffix)) names.push(stem.slice(0, stem.lastIndexOf('_')));
  return [...new Set([...names, key.replaceAll('/', '_')])];
}

function withoutLabelWord(stem: string): string {
  return stem.replace(LABEL_WORD, '');
}

function stemOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function index(files: readonly LabelFile[], namesOf: (file: LabelFile) => readonly string[]) {
  const byName = new Map<string, LabelFile[]>();
  for (const file of files) for (const name of namesOf(file)) byName.set(name, [...(byName.get(name) ?? []), file]);
  return byName;
}

/** The label maps of a folder and its sub-folders; hidden files are left out. */
async function labelFiles(folder: string): Promise<readonly LabelFile[]> {
  await requireFolder('evaluateFolders', folder);
  const files = new Map<string, LabelFile>();
  const visit = async (inner: string, depth: number): Promise<void> => {
    const names = (await readdir(join(folder, inner))).filter((name) => !name.startsWith('.')).sort();
    for (const name of names) {
      const path = join(folder, inner, name);
      const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
      const stem = imageStem(name);
      if (isFolder && depth < MAX_DEPTH) await visit(join(inner, name), depth + 1);
      if (isFolder || stem === undefined) continue;
      const key = join(inner, stem).split('\\').join('/').normalize();
      const other = files.get(key);
      if (other !== undefined) {
        throw new SegError('invalid-argument', {
          where: 'evaluateFolders',
          problem: `${folder} holds two files for one case`,
          got: [other.path, path],
          hint: 'Remove one of them.',
        });
      }
      files.set(key, { key, path });
    }
  };
  await visit('', 0);
  return [...files.values()];
}

function shortList(names: readonly string[]): string {
  return `${names.slice(0, 10).join(', ')}${names.length > 10 ? ', ...' : ''}`;
}
