import { groupBids } from './group-bids.ts';
import { groupListed } from './group-listed.ts';
import { groupMarked } from './group-marked.ts';
import { folderOf, type GroupedImages, type ImageFile, wholeImage } from './image-group.ts';
import type { ImageNaming } from './naming-types.ts';

/** Endings that people put behind the case's name in the files of label maps and of images. */
const LABEL_WORD = /[_.-](?:seg|segmentation|label|labels|mask|gt|dseg|pred|prediction)$/i;
const IMAGE_WORD = /[_.-](?:img|image|im|scan|volume)$/i;

/**
 * Puts files together to images, by the naming of a run's data set. A file that bears no channel's mark is an image of
 * its own, if it was named or lies beside no image of the naming.
 *
 * @param naming absent for what is older than its record: numbered channels, or one file where there is one channel.
 */
export function groupImages<F extends ImageFile>(
  files: readonly F[],
  naming: ImageNaming | undefined,
  channels: number,
): GroupedImages<F> {
  if (naming?.kind === 'marked') return groupMarked(files, naming.channels);
  if (naming?.kind === 'bids') return groupBids(files, naming.channels);
  if (naming?.kind === 'listed') return groupListed(files, naming.cases);
  if (naming === undefined && channels > 1) return groupMarked(files, numberedChannels(channels));
  return groupWhole(files);
}

/** nnU-Net's `_0000`, `_0001`, ... */
function numberedChannels(channels: number) {
  return Array.from({ length: channels }, (_, c) => ({ suffix: `_${String(c).padStart(4, '0')}` }));
}

function groupWhole<F extends ImageFile>(files: readonly F[]): GroupedImages<F> {
  const names = new Set(
    files.flatMap(({ path, stem }) => [stem, stem.replace(IMAGE_WORD, '')].map((name) => folderOf(path) + name)),
  );
  const isLabel = ({ path, stem, inside }: ImageFile) =>
    inside !== undefined && LABEL_WORD.test(stem) && names.has(folderOf(path) + stem.replace(LABEL_WORD, ''));
  return {
    images: files.filter((file) => !isLabel(file)).map(wholeImage),
    refused: [],
    leftOut: files.filter(isLabel),
  };
}
