import { randomUUID } from 'node:crypto';
import { lstat, open, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SegError } from '@seg/core';

/** Why a file or folder cannot be written, by the system's code. */
const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  EACCES: 'there is no permission to write there',
  EPERM: 'the system does not permit to write there',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'there is a folder of that name',
  ENAMETOOLONG: 'the name is too long for the file system',
  ELOOP: 'the path is a circle of links',
};

/** What the system's code for a failed write means, in words; undefined for codes that say nothing to a user. */
export function whyUnwritable(code: string | undefined): string | undefined {
  return code === undefined ? undefined : REASONS[code];
}

/** Enough that a disk without a free block refuses it. */
const PROBE_BYTES = 4096;

/**
 * Finds out before any work whether files can be written into a folder, which may not exist yet: a file is written where
 * it or the nearest folder above it is, and removed again. Nothing else is made.
 *
 * @throws SegError `invalid-argument` where the path is a file or leads through one, `io-failure` with the reason: a
 * read-only file system, no permission, no space.
 */
export async function requireWritableFolder(where: string, folder: string): Promise<void> {
  const existing = await nearestFolder(where, folder);
  const probe = join(existing, `.seg-${randomUUID()}.tmp`);
  try {
    const file = await open(probe, 'wx');
    try {
      await file.writeFile(new Uint8Array(PROBE_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // The folder is there, so "no such file" is what systems such as /proc say to every new file.
    const named = code === undefined || code === 'ENOENT' ? '' : ` (${code})`;
    const reason = whyUnwritable(code) ?? `the file system takes no new files there${named}`;
    const place = existing === resolve(folder) ? '' : ` (of which ${existing} exists)`;
    throw new SegError('io-failure', {
      where,
      problem: `cannot write into ${folder}${place}: ${reason}`,
      hint: 'Choose another folder, or mend the cause.',
      cause,
    });
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** The folder itself or the nearest one above it that exists. */
async function nearestFolder(where: string, folder: string): Promise<string> {
  const path = resolve(folder);
  for (let at = path; ; at = dirname(at)) {
    const info = await stat(at).catch((error: NodeJS.ErrnoException) => error.code ?? 'unknown');
    if (typeof info !== 'string') {
      if (info.isDirectory()) return at;
      const problem = at === path ? `${folder} is a file` : `${at}, a part of ${folder}, is a file`;
      throw new SegError('invalid-argument', { where, problem, hint: 'Name a folder.' });
    }
    const isLink = (await lstat(at).catch(() => undefined))?.isSymbolicLink() === true;
    const reason = info === 'ENOENT' || info === 'ENOTDIR' ? undefined : (whyUnwritable(info) ?? info);
    if (isLink || reason !== undefined || at === dirname(at)) {
      const problem = isLink ? `${at} is a link to what is not there` : `${at}: ${reason ?? 'does not exist'}`;
      throw new SegError('io-failure', { where, problem, hint: 'Choose another folder, or mend the cause.' });
    }
  }
}
