import { type BidsName, parseBidsName } from '../bids-name.ts';
import { doubledProblem, formatProblem } from './group-marked.ts';
import {
  folderOf,
  type GroupedImages,
  type ImageFile,
  type ImageGroup,
  namesOf,
  type RefusedGroup,
  wholeImage,
} from './image-group.ts';
import type { BidsChannel } from './naming-types.ts';

interface NamedFile<F extends ImageFile = ImageFile> {
  readonly file: F;
  readonly name: BidsName;
  readonly channel: number;
}

/** Groups files with BIDS names: those with all entities alike, else those of one subject, session and run. */
export function groupBids<F extends ImageFile>(
  files: readonly F[],
  channels: readonly BidsChannel[],
): GroupedImages<F> {
  const named: NamedFile<F>[] = [];
  const foreign: { readonly file: F; readonly name: BidsName }[] = [];
  const others: F[] = [];
  for (const file of files) {
    const name = parseBidsName(file.path);
    const channel = channels.findIndex(({ suffix }) => suffix === name?.suffix);
    if (name === undefined) others.push(file);
    else if (channel < 0) foreign.push({ file, name });
    else named.push({ file, name, channel });
  }
  const { kept, leftOut } = likeThoseTrainedOn(named, channels);
  const images: ImageGroup<F>[] = [];
  const refused: RefusedGroup<F>[] = [];
  const rest: NamedFile<F>[] = [];
  const take = (group: readonly NamedFile<F>[], orElse: (group: readonly NamedFile<F>[], problem: string) => void) => {
    const problem = problemOf(group, channels);
    const ordered = [...group].sort((a, b) => a.channel - b.channel);
    if (problem === undefined) images.push({ files: ordered.map(({ file }) => file), name: outputName(ordered) });
    else orElse(group, problem);
  };
  const every = (name: string) => name !== '';
  for (const group of groupsBy(
    kept,
    (f) => `${f.file.inside ?? folderOf(f.file.path)} ${joinEntities(f.name.entities, every)}`,
  )) {
    take(group, (left) => rest.push(...left));
  }
  for (const group of groupsBy(rest, (f) => `${f.file.inside ?? ''} ${f.name.key}`)) {
    take(group, (left, problem) => refused.push({ files: left.map(({ file }) => file), problem }));
  }
  const wanted = channels.map(({ suffix }) => suffix).join(', ');
  for (const { file, name } of foreign) {
    if (file.inside !== undefined) leftOut.push(file);
    else
      refused.push({ files: [file], problem: `${file.path} is a ${name.suffix} file; the run's images are ${wanted}` });
  }
  for (const file of others) {
    if (file.inside !== undefined && kept.length > 0) leftOut.push(file);
    else images.push(wholeImage(file));
  }
  return { images, refused, leftOut };
}

/** Of folders that hold raw images and preprocessed ones, those of the kind that was trained on, if there are any. */
function likeThoseTrainedOn<F extends ImageFile>(files: readonly NamedFile<F>[], channels: readonly BidsChannel[]) {
  const isLike = ({ name, channel }: NamedFile) =>
    (['space', 'desc'] as const).every((entity) => {
      const trained = channels[channel]![entity];
      return trained === undefined || trained === (name.entities.get(entity) ?? null);
    });
  const like = files.filter((f) => f.file.inside === undefined || isLike(f));
  const inFolder = like.some(({ file }) => file.inside !== undefined);
  const leftOut = inFolder ? files.filter((f) => !like.includes(f)).map(({ file }) => file) : [];
  return { kept: inFolder ? like : files, leftOut };
}

function problemOf(group: readonly NamedFile[], channels: readonly BidsChannel[]): string | undefined {
  const files = group.map(({ file }) => file);
  for (const c of channels.keys()) {
    const same = group.filter(({ channel }) => channel === c).map(({ file }) => file);
    if (same.length > 1) return doubledProblem(same);
  }
  const missing = channels.filter((_, c) => !group.some(({ channel }) => channel === c)).map(({ suffix }) => suffix);
  if (missing.length > 0) return `${namesOf(files)}: no ${missing.join(', ')} image of ${group[0]!.name.key}`;
  return formatProblem(files);
}

/** The entities that all channels share, and the suffix of segmentations. */
function outputName(group: readonly NamedFile[]): string {
  const [first, ...more] = group.map(({ name }) => name.entities);
  const shared = joinEntities(first!, (name) => more.every((other) => other.get(name) === first!.get(name)));
  return `${shared}_dseg`;
}

function groupsBy<F extends ImageFile>(
  files: readonly NamedFile<F>[],
  keyOf: (file: NamedFile<F>) => string,
): readonly (readonly NamedFile<F>[])[] {
  const groups = new Map<string, NamedFile<F>[]>();
  for (const file of files) groups.set(keyOf(file), [...(groups.get(keyOf(file)) ?? []), file]);
  return [...groups.values()];
}

/** Entities written as in a name, in their order there. */
function joinEntities(entities: ReadonlyMap<string, string>, keep: (name: string) => boolean): string {
  return [...entities].flatMap(([name, value]) => (keep(name) ? [`${name}-${value}`] : [])).join('_');
}
