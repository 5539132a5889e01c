import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SegError } from '@seg/core';
import { whyUnwritable } from './require-writable.ts';

/**
 * Writes a file so that a crash leaves the old one or the new one, never a part: to a temporary name in the same
 * folder, flushed to the disk, then renamed. Several parts are written one after the other.
 *
 * @throws SegError `io-failure` naming the file; nothing is left behind.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array | readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const reason = whyUnwritable((cause as NodeJS.ErrnoException).code);
    throw new SegError('io-failure', {
      where: path,
      problem: `the file could not be written${reason === undefined ? '' : `: ${reason}`}`,
      got: cause instanceof Error ? cause.message : cause,
      hint: 'Check that the folder exists, is writable and has space left.',
      cause,
    });
  }
  await syncFolder(dirname(path));
}

/** Makes the rename durable where the system can flush folders (Windows cannot; the file itself is safe there). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}
