import type { Dirent } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type InstalledBackend, nativeBackends } from '../../native/installed.ts';

/** Names of what an installation has under way; each holds the id of its process. */
const unfinished = [/^download-(\d+)-/, /\.(\d+)\.tmp$/, /^build-[0-9a-z]+-(\d+)$/];
/** Past this age a living process of that id is another one. */
const longestInstallationMs = 24 * 3600 * 1000;

/**
 * Removes what installations left in the cache that were killed: half downloads, half unpacked wheels, half built
 * backends. What a living process has under way stays, and so do the installed backends.
 *
 * @param ownToo whether this process has no other installation under way, so that what bears its id is an earlier
 * process's or an earlier build
 */
export async function removeLeftovers(cache: string, ownToo: boolean): Promise<void> {
  const kept = new Set(await Promise.all(nativeBackends.map((name) => installedFolder(join(cache, name)))));
  for (const folder of ['wheels', 'npm', 'libtensorflow', 'addons', ...nativeBackends]) {
    const entries = await readdir(join(cache, folder), { withFileTypes: true }).catch((): Dirent[] => []);
    for (const { name } of entries) {
      const path = join(cache, folder, name);
      const id = unfinished.map((pattern) => pattern.exec(name)?.[1]).find((found) => found !== undefined);
      if (id === undefined || kept.has(path) || (await isUnderWay(Number(id), path, ownToo))) continue;
      // A cache that somebody else keeps, readable only, is theirs to tidy.
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Folder that the backend's record names, whichever version wrote it. */
async function installedFolder(home: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(join(home, 'current.json'), 'utf8')) as InstalledBackend).folder;
  } catch {
    return undefined; // nothing installed
  }
}

async function isUnderWay(id: number, path: string, ownToo: boolean): Promise<boolean> {
  if (id === process.pid) return !ownToo;
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < longestInstallationMs && isAlive(id);
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}
