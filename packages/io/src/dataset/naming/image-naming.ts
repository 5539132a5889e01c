import { parseBidsName } from '../bids-name.ts';
import { splitChannelSuffix, volumeStem } from '../case-names.ts';
import type { Dataset } from '../dataset-types.ts';
import type { ManifestCase } from '../manifest-types.ts';
import { channelMarks } from './channel-marks.ts';
import type { ImageNaming } from './naming-types.ts';

/** How the images of an opened data set are named, so that images that come later are put together by the same rule. */
export function imageNaming({
  layout,
  channels,
  manifest,
}: Pick<Dataset, 'layout' | 'channels' | 'manifest'>): ImageNaming {
  const { cases } = manifest;
  const images = cases.map((entry) => entry.images);
  const listed: ImageNaming = {
    kind: 'listed',
    cases: Object.fromEntries(cases.map((entry) => [entry.id, entry.images])),
    nested: true,
  };
  if (layout === 'bids') return bidsNaming(images) ?? listed;
  const nested = layout === 'folders' || foldersOf(cases).size > 1 ? { nested: true } : {};
  if (channels.length > 1 && images.every((files) => files.length === channels.length)) {
    const marks = channelMarks(images);
    if (marks === undefined) return listed;
    const byFolder = marks.some(({ stem, folder }) => stem !== undefined || folder !== undefined);
    return { kind: 'marked', channels: marks, ...(byFolder ? { nested: true } : nested) };
  }
  if (!images.every((files) => files.length === 1)) return listed;
  if (channels.length === 1 && isNumbered(layout, cases)) {
    return { kind: 'marked', channels: [{ suffix: '_0000' }], ...nested };
  }
  const stems = new Set(images.map(([file]) => volumeStem(file!)));
  if (layout !== 'folders' && cases.length > 1 && stems.size === 1) {
    return { kind: 'marked', channels: [{ stem: [...stems][0]! }], nested: true };
  }
  return layout !== 'folders' && labelsAmongImages(cases) ? listed : { kind: 'whole', ...nested };
}

function bidsNaming(images: readonly (readonly string[])[]): ImageNaming | undefined {
  const names = images.map((files) => files.flatMap((path) => parseBidsName(path) ?? []));
  const suffixes = names[0]?.map(({ suffix }) => suffix) ?? [];
  const isUniform = names.every((files) => files.map(({ suffix }) => suffix).join() === suffixes.join());
  if (suffixes.length === 0 || !isUniform || new Set(suffixes).size < suffixes.length) return undefined;
  const common = (channel: number, entity: 'space' | 'desc') => {
    const values = new Set(names.map((files) => files[channel]!.entities.get(entity) ?? null));
    return values.size === 1 ? { [entity]: [...values][0]! } : {};
  };
  const channels = suffixes.map((suffix, c) => ({ suffix, ...common(c, 'space'), ...common(c, 'desc') }));
  return { kind: 'bids', channels, nested: true };
}

/** Whether `_0000` is the number of the only channel, not a part of the images' own names: then label maps lack it. */
function isNumbered(layout: Dataset['layout'], cases: readonly ManifestCase[]): boolean {
  const parts = cases.map(({ images }) => splitChannelSuffix(volumeStem(images[0]!)));
  if (parts.length === 0 || !parts.every((part) => part?.channel === 0)) return false;
  if (layout === 'nnunet') return true;
  const labels = cases.flatMap((entry, i) => labelsOf(entry).map((path) => ({ path, id: parts[i]!.id })));
  return labels.length > 0 && labels.every(({ path, id }) => !volumeStem(path).startsWith(`${id}_0000`));
}

function labelsAmongImages(cases: readonly ManifestCase[]): boolean {
  const folders = foldersOf(cases, true);
  return cases.some((entry) => labelsOf(entry).some((path) => folders.has(folderOf(path))));
}

function foldersOf(cases: readonly ManifestCase[], withTest = false): ReadonlySet<string> {
  return new Set(cases.filter(({ split }) => withTest || split !== 'test').map(({ images }) => folderOf(images[0]!)));
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function labelsOf({ label }: ManifestCase): readonly string[] {
  return label === undefined ? [] : typeof label === 'string' ? [label] : label;
}
