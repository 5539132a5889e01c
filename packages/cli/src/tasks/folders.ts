import { readdir, stat } from 'node:fs/promises';
import { SegError } from '@seg/core';
import { requireWritableFolder } from '@seg/io/node';

/** Endings of image files that seg reads, longest first. */
const IMAGE_ENDINGS = ['.nii.gz', '.hdr.gz', '.img.gz', '.nii', '.hdr', '.mha', '.mhd', '.nrrd', '.nhdr'] as const;

/** The part of an image's file name before its ending, or undefined for other files. */
export function imageStem(name: string): string | undefined {
  const lower = name.toLowerCase();
  const ending = IMAGE_ENDINGS.find((e) => lower.endsWith(e) && lower.length > e.length);
  // The .img of a pair is read through its .hdr.
  return ending === undefined || lower.endsWith('.img.gz') ? undefined : name.slice(0, -ending.length);
}

/** Throws `not-found` unless the path is a folder. */
export async function requireFolder(where: string, folder: string, hint = 'Check the path.'): Promise<void> {
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory()) return;
  throw new SegError('not-found', {
    where,
    problem: info === undefined ? `the folder ${folder} does not exist` : `${folder} is not a folder`,
    hint,
  });
}

/**
 * Throws `invalid-argument` if there already is something in the folder, and as `requireWritableFolder`.
 *
 * @returns whether the folder exists.
 */
export async function refuseUsedFolder(where: string, folder: string): Promise<boolean> {
  await requireWritableFolder(where, folder);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (names === undefined) return false;
  if (names.length === 0) return true;
  throw new SegError('invalid-argument', {
    where,
    problem: `the folder ${folder} is not empty (it holds ${names[0]})`,
    hint: 'Name a new folder, or empty this one.',
  });
}
