import { volumeStem } from '../case-names.ts';
import type { ChannelMark } from './naming-types.ts';

/**
 * What tells the channels of all cases apart, in the order of the channels; undefined where no one rule does.
 *
 * @param images files of each case, one a channel, relative to the data set.
 */
export function channelMarks(images: readonly (readonly string[])[]): readonly ChannelMark[] | undefined {
  for (const cut of [wordStart, commonLength]) {
    const marks = images.map((files) => marksOfCase(files, cut));
    const [first] = marks;
    if (first === undefined) continue;
    const isUniform = marks.every((other) => JSON.stringify(other) === JSON.stringify(first));
    const isDistinct = new Set(first.map((mark) => JSON.stringify(mark))).size === first.length;
    if (isUniform && isDistinct) return first;
  }
  return undefined;
}

function marksOfCase(files: readonly string[], cut: (stems: readonly string[]) => number): ChannelMark[] | undefined {
  const folders = files.map((path) => path.split('/').slice(0, -1));
  const depth = folders[0]!.length;
  if (folders.some((parts) => parts.length !== depth)) return undefined;
  const differing = folders[0]!.flatMap((part, i) => (folders.every((parts) => parts[i] === part) ? [] : [i]));
  if (differing.length > 1) return undefined;
  const stems = files.map(volumeStem);
  const isSame = stems.every((stem) => stem === stems[0]);
  const length = cut(stems);
  return stems.map((stem, c): ChannelMark => {
    const folder = differing.length === 0 ? {} : { folder: folders[c]![differing[0]!]! };
    if (isSame) return folder;
    return { ...(length === 0 ? { stem } : { suffix: stem.slice(length) }), ...folder };
  });
}

/** Length of the beginning that all have in common. */
function commonLength(stems: readonly string[]): number {
  let length = 0;
  while (length < stems[0]!.length && stems.every((stem) => stem[length] === stems[0]![length])) length++;
  return length;
}

/** The same, but back to where a word begins: `x` of `x_0000` and `x_0001`. */
function wordStart(stems: readonly string[]): number {
  let length = commonLength(stems);
  const isStart = (at: number) => stems.every((stem) => at === stem.length || /[_.-]/.test(stem[at]!));
  while (length > 0 && !isStart(length)) length--;
  return length;
}
