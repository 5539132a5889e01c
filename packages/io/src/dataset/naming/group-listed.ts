import { doubledProblem, formatProblem } from './group-marked.ts';
import {
  folderOf,
  type GroupedImages,
  type ImageFile,
  type ImageGroup,
  type RefusedGroup,
  wholeImage,
} from './image-group.ts';

/** Groups files by the list of a data set's description, wherever its folder is now. */
export function groupListed<F extends ImageFile>(
  files: readonly F[],
  cases: Readonly<Record<string, readonly string[]>>,
): GroupedImages<F> {
  const images: ImageGroup<F>[] = [];
  const refused: RefusedGroup<F>[] = [];
  const known = new Set<F>();
  const at = (path: string, listed: string) => path === listed || path.endsWith(`/${listed}`);
  for (const [id, paths] of Object.entries(cases)) {
    const roots = new Set<string>();
    const byChannel = paths.map((listed) => files.filter(({ path }) => at(path, listed)));
    for (const [c, found] of byChannel.entries()) {
      for (const file of found) {
        known.add(file);
        roots.add(file.path.slice(0, file.path.length - paths[c]!.length));
      }
    }
    for (const root of roots) {
      const own = byChannel.map((found, c) => found.filter(({ path }) => path === root + paths[c]!));
      const all = own.flat();
      const doubled = own.find((found) => found.length > 1);
      const missing = paths.filter((_, c) => own[c]!.length === 0);
      const problem =
        doubled !== undefined
          ? doubledProblem(doubled)
          : missing.length > 0
            ? `the image ${id} of the run's data set lacks ${missing.join(', ')}`
            : formatProblem(all);
      if (problem === undefined) images.push({ files: all, name: id });
      else refused.push({ files: all, problem });
    }
  }
  const folders = new Set([...known].map(({ path }) => folderOf(path)));
  const others = files.filter((file) => !known.has(file));
  const isBeside = ({ inside, path }: ImageFile) => inside !== undefined && folders.has(folderOf(path));
  images.push(...others.filter((file) => !isBeside(file)).map(wholeImage));
  return { images, refused, leftOut: others.filter(isBeside) };
}
