/** A file that may be an image or a channel of one. */
export interface ImageFile {
  /** Absolute, with forward slashes. */
  readonly path: string;
  /** Its name without folders and ending. */
  readonly stem: string;
  /** The ending, such as `.nii.gz`. */
  readonly ending: string;
  /** The folder that stands for this file; absent for a file that was named itself. */
  readonly inside?: string;
}

/** The files of one image, complete and in the order of the channels. */
export interface ImageGroup<F extends ImageFile = ImageFile> {
  readonly files: readonly F[];
  /** The image's name, to which an ending belongs; with the sub-folders that lead to it from the folder named. */
  readonly name: string;
}

/** Files that do not make an image, and why. */
export interface RefusedGroup<F extends ImageFile = ImageFile> {
  readonly files: readonly F[];
  readonly problem: string;
}

export interface GroupedImages<F extends ImageFile = ImageFile> {
  readonly images: readonly ImageGroup<F>[];
  readonly refused: readonly RefusedGroup<F>[];
  /** Files of folders that are no images by this naming, such as label maps among them. */
  readonly leftOut: readonly F[];
}

/** The image of a file that holds all channels. */
export function wholeImage<F extends ImageFile>(file: F): ImageGroup<F> {
  return { files: [file], name: subFolder(file) + file.stem };
}

/** The folders, each with a slash behind, between the folder that was named and the file. */
export function subFolder({ path, inside }: ImageFile): string {
  return inside === undefined ? '' : folderOf(path).slice(inside.length + 1);
}

/** A path's folder with a slash behind. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** File names for messages, at most five. */
export function namesOf(files: readonly { readonly path: string }[]): string {
  const names = files.slice(0, 5).map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  return names.join(', ') + (files.length > 5 ? ` and ${files.length - 5} more` : '');
}
