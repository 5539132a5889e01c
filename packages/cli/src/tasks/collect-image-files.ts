import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import type { ImageFile } from '@seg/io';
import { imageStem } from './folders.ts';

/** An image file, with its path as the user gave it. */
export interface FoundFile extends ImageFile {
  readonly shown: string;
}

export interface CollectedFiles {
  /** In the order of the inputs, those of a folder by name. */
  readonly files: readonly FoundFile[];
  /** Inputs that do not exist or hold no image. */
  readonly missing: readonly { readonly input: string; readonly problem: string }[];
  /** Sentences about files of folders that are no images. */
  readonly warnings: string[];
}

/** Names of folders of label maps, which a folder of a data set holds beside its images. */
const LABEL_FOLDER = /^(labels?|labelsT[rs]|masks?|segmentations?|seg)$/i;

const MAX_DEPTH = 6;

/**
 * The image files that files and folders stand for.
 *
 * @param options.nested whether folders stand for the images of their sub-folders, too
 * @param options.except a folder that is passed over: that of the results
 */
export async function collectImageFiles(
  inputs: readonly string[],
  options: { readonly nested: boolean; readonly except: string },
): Promise<CollectedFiles> {
  const files: FoundFile[] = [];
  const missing: { input: string; problem: string }[] = [];
  const warnings: string[] = [];
  for (const input of inputs) {
    const info = await stat(input).catch(() => undefined);
    if (info === undefined) missing.push({ input, problem: `${input} does not exist` });
    else if (!info.isDirectory()) files.push(await namedFile(input));
    else {
      const { found, leftOut, folders } = await filesOfFolder(input, options);
      if (found.length === 0) {
        const held = folders.length === 0 ? '' : `; it holds the folders ${folders.slice(0, 5).join(', ')}`;
        missing.push({ input, problem: `there are no images in ${input}${held}` });
      }
      files.push(...found);
      if (leftOut.length > 0) {
        const more = leftOut.length > 5 ? ` and ${leftOut.length - 5} more` : '';
        warnings.push(`${input}: left out, for it is no image: ${leftOut.slice(0, 5).join(', ')}${more}`);
      }
    }
  }
  return { files: withoutPairs(files), missing, warnings };
}

async function filesOfFolder(input: string, options: { readonly nested: boolean; readonly except: string }) {
  const found: FoundFile[] = [];
  const leftOut: string[] = [];
  const folders: string[] = [];
  const except = resolve(options.except);
  const visit = async (folder: string, depth: number): Promise<void> => {
    const names = (await readdir(join(input, folder))).filter((name) => !name.startsWith('.')).sort();
    for (const name of names) {
      const inner = join(folder, name);
      const shown = join(input, inner);
      const stem = imageStem(name);
      const isFolder = (await stat(shown).catch(() => undefined))?.isDirectory() === true;
      if (isFolder) {
        if (depth === 0) folders.push(name);
        if (!options.nested || resolve(shown) === except) continue;
        if (LABEL_FOLDER.test(name)) leftOut.push(`${inner}${sep}`);
        else if (depth < MAX_DEPTH) await visit(inner, depth + 1);
      } else if (stem !== undefined) {
        found.push({
          path: slashed(resolve(shown)),
          stem,
          ending: name.slice(stem.length),
          inside: slashed(resolve(input)),
          shown,
        });
      } else if (!belongsToImage(name, names)) leftOut.push(inner);
    }
  };
  await visit('', 0);
  return { found, leftOut, folders };
}

/** Whether a file holds the voxels of a header beside it, or says more about an image, as BIDS's .json does. */
function belongsToImage(name: string, names: readonly string[]): boolean {
  const stem = name.replace(/\.(img|raw|zraw|raw\.gz|img\.gz|json|bval|bvec)$/i, '');
  return stem !== name && names.some((other) => imageStem(other) === stem);
}

/** A file that was named itself. */
async function namedFile(input: string): Promise<FoundFile> {
  const header = headerOf(input);
  const path = header !== undefined && (await stat(header).catch(() => undefined))?.isFile() === true ? header : input;
  const name = basename(path);
  const stem = imageStem(name) ?? name.replace(/\.(npy|img|img\.gz)$/i, '');
  return { path: slashed(resolve(path)), stem, ending: name.slice(stem.length), shown: input };
}

/** The header of an .img. */
function headerOf(path: string): string | undefined {
  const match = /^(.*\.)(img)(\.gz)?$/i.exec(path);
  return match === null ? undefined : `${match[1]}${match[2] === 'IMG' ? 'HDR' : 'hdr'}${match[3] ?? ''}`;
}

/** Without an .img where its .hdr was named as well, as `scans/*` does. */
function withoutPairs(files: readonly FoundFile[]): readonly FoundFile[] {
  return files.filter(
    (file) =>
      headerOf(file.shown) === undefined ||
      !files.some((other) => other !== file && other.path === file.path && headerOf(other.shown) === undefined),
  );
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}
