import {
  folderOf,
  type GroupedImages,
  type ImageFile,
  type ImageGroup,
  namesOf,
  type RefusedGroup,
  subFolder,
  wholeImage,
} from './image-group.ts';
import type { ChannelMark } from './naming-types.ts';

/** The files found for an image. */
interface Candidate<F extends ImageFile> {
  /** Path of the image's files without the marks of channels. */
  readonly key: string;
  readonly byChannel: F[][];
  /** Files with a number that no channel of the run has. */
  readonly surplus: F[];
}

const NUMBER = /_\d{4}$/;

/** Groups files whose names or folders tell the channels apart. */
export function groupMarked<F extends ImageFile>(files: readonly F[], marks: readonly ChannelMark[]): GroupedImages<F> {
  const candidates = new Map<string, Candidate<F>>();
  const unmarked: F[] = [];
  const isNumbered = marks.every(({ suffix }) => suffix !== undefined && NUMBER.test(suffix));
  for (const file of files) {
    const channel = channelOf(file, marks);
    const isSurplus = channel < 0 && isNumbered && NUMBER.test(file.stem);
    if (channel < 0 && !isSurplus) {
      unmarked.push(file);
      continue;
    }
    const key = isSurplus ? folderOf(file.path) + file.stem.replace(NUMBER, '') : keyOf(file, marks[channel]!);
    const candidate = candidates.get(key) ?? { key, byChannel: marks.map((): F[] => []), surplus: [] };
    candidates.set(key, candidate);
    (isSurplus ? candidate.surplus : candidate.byChannel[channel]!).push(file);
  }
  const images: ImageGroup<F>[] = [];
  const refused: RefusedGroup<F>[] = [];
  for (const candidate of candidates.values()) {
    const all = [...candidate.byChannel.flat(), ...candidate.surplus];
    const problem = problemOf(candidate, marks);
    if (problem === undefined) images.push({ files: all, name: nameOf(candidate.key, all[0]!, marks[0]!) });
    else refused.push({ files: all, problem });
  }
  const isBesideImage = (file: ImageFile) =>
    file.inside !== undefined && [...candidates.keys()].some((key) => isNamedAfter(file, key));
  images.push(...unmarked.filter((file) => !isBesideImage(file)).map(wholeImage));
  return { images, refused, leftOut: unmarked.filter(isBesideImage) };
}

/** Index of the channel with the longest mark that fits, or -1. */
function channelOf(file: ImageFile, marks: readonly ChannelMark[]): number {
  const folders = file.path.split('/').slice(0, -1);
  let best = -1;
  const lengthOf = (mark: ChannelMark) => (mark.stem ?? mark.suffix ?? '').length;
  for (const [c, mark] of marks.entries()) {
    const { stem, suffix = '', folder } = mark;
    const fits =
      (stem === undefined ? file.stem.endsWith(suffix) && file.stem !== suffix : file.stem === stem) &&
      (folder === undefined || folders.includes(folder));
    if (fits && (best < 0 || lengthOf(mark) > lengthOf(marks[best]!))) best = c;
  }
  return best;
}

function keyOf({ path, stem }: ImageFile, { stem: whole, suffix = '', folder }: ChannelMark): string {
  const parts = path.split('/').slice(0, -1);
  // The last folder of that name: one above the data set may bear it, too.
  if (folder !== undefined) parts[parts.lastIndexOf(folder)] = '*';
  return `${parts.join('/')}/${whole === undefined ? stem.slice(0, stem.length - suffix.length) : ''}`;
}

/** The image's name below the folder that was named; that of its folder where all is in the folder's name. */
function nameOf(key: string, file: ImageFile, { stem }: ChannelMark): string {
  const folders = subFolder(file)
    .split('/')
    .filter((part) => part !== '');
  const starred = key.split('/');
  const own = starred.slice(starred.length - 1 - folders.length, -1).filter((part) => part !== '*');
  if (stem === undefined) return [...own, starred.at(-1)!].join('/');
  return own.length > 0
    ? own.join('/')
    : (starred
        .slice(0, -1)
        .filter((part) => part !== '*')
        .at(-1) ?? stem);
}

function problemOf(
  { key, byChannel, surplus }: Candidate<ImageFile>,
  marks: readonly ChannelMark[],
): string | undefined {
  const image = key.slice(key.lastIndexOf('/') + 1);
  const files = byChannel.flat();
  const [some] = [...files, ...surplus];
  const problems = byChannel.filter((same) => same.length > 1).map(doubledProblem);
  const missing = marks.filter((_, c) => byChannel[c]!.length === 0);
  if (missing.length > 0) {
    const names = missing.map(({ stem, suffix = '', folder }) => {
      const name = `${stem ?? `${image}${suffix}`}${some!.ending}`;
      return folder === undefined ? name : `${folder}/${name}`;
    });
    problems.push(`${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} missing`);
  }
  if (surplus.length > 0) {
    const known = marks.map(({ suffix }) => suffix).join(', ');
    problems.push(`${namesOf(surplus)} is no channel of the run, whose images have ${known}`);
  }
  if (problems.length === 0) return formatProblem(files);
  return `the image ${key}: ${problems.join('; ')}; there ${files.length + surplus.length === 1 ? 'is' : 'are'} ${namesOf([...files, ...surplus])}`;
}

/** What is wrong with several files for one channel of an image. */
export function doubledProblem(files: readonly ImageFile[]): string {
  const paths = [...new Set(files.map(({ path }) => path))];
  if (paths.length === 1) return `${paths[0]} is named twice, and its predictions would have the same name`;
  return `${paths.join(' and ')} are the same channel of one image`;
}

/** What is wrong with the channels of an image in files of different formats. */
export function formatProblem(files: readonly ImageFile[]): string | undefined {
  if (new Set(files.map(({ ending }) => ending)).size === 1) return undefined;
  return `the channels ${namesOf(files)} are of different formats`;
}

/** Whether an unmarked file bears the name of a marked image, as its label map does. */
function isNamedAfter({ path, stem }: ImageFile, key: string): boolean {
  if (folderOf(key) !== folderOf(path)) return false;
  const image = key.slice(key.lastIndexOf('/') + 1);
  return image === '' || stem === image || (stem.startsWith(image) && /[_.-]/.test(stem[image.length]!));
}
