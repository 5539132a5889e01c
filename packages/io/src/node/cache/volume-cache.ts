import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { isSegError, SegError } from '@seg/core';
import { type CacheContent, decodeCacheContent, encodeCacheContent } from '../../cache/cache-entry.ts';
import { canonicalJson } from '../../cache/canonical-json.ts';
import { readBytes, withFile } from '../files/file-bytes.ts';
import { writeFileAtomic } from '../files/index.ts';

export interface VolumeCacheOptions {
  /** Entries that were not used for longest are removed above this size in bytes. Default 20 GiB. */
  readonly maxBytes?: number;
  /** Told of an entry that was damaged and is made again. */
  readonly onDamaged?: (error: SegError) => void;
}

/** What a cached result was made from; any difference gives another entry. */
export interface CacheSource {
  /** Files whose bytes the result depends on, in order. */
  readonly files: readonly string[];
  /** Everything else that it depends on, as plain JSON: the transforms and their parameters. */
  readonly config: unknown;
  /** Version of the code that makes it; change it whenever the code gives other results. */
  readonly version: string;
}

/** A cache of preprocessed volumes in a folder; several processes may use one folder. */
export interface VolumeCache {
  /**
   * The content for a source: read where it is there and undamaged, otherwise made, stored and returned.
   *
   * The key is a hash over the files' bytes, the configuration and the version, so an entry cannot be stale.
   */
  get(source: CacheSource, make: () => Promise<CacheContent>): Promise<Required<CacheContent>>;
  /** Bytes of all entries. */
  size(): Promise<number>;
  /** Removes all entries. */
  clear(): Promise<void>;
}

/** Changes whenever the layout of entries does. */
const MAGIC = 'segcache 2     \n';
const HASH_BYTES = 32;

/** Bytes before the content: a multiple of 8, so that volumes can be used where they lie in the file's bytes. */
const START = MAGIC.length + HASH_BYTES;
const ENDING = '.segcache';

/** Temporary files of a writer that was killed are removed after this time. */
const ABANDONED_MS = 24 * 3600 * 1000;

/**
 * Opens (and makes, if need be) a cache folder.
 *
 * @example
 * const cache = await openVolumeCache('run/cache', { maxBytes: 5e9 });
 * const { volumes } = await cache.get({ files: [imagePath], config: { spacingMm: [1, 1, 1] }, version: '1' }, make);
 */
export async function openVolumeCache(folder: string, options: VolumeCacheOptions = {}): Promise<VolumeCache> {
  const { maxBytes = 20 * 2 ** 30, onDamaged } = options;
  if (!(maxBytes >= 0)) {
    throw new SegError('invalid-argument', {
      where: 'openVolumeCache',
      problem: 'maxBytes must be >= 0',
      got: maxBytes,
    });
  }
  await mkdir(folder, { recursive: true });
  const running = new Map<string, Promise<Required<CacheContent>>>();

  const load = async (
    source: CacheSource,
    key: string,
    make: () => Promise<CacheContent>,
  ): Promise<Required<CacheContent>> => {
    const path = join(folder, key + ENDING);
    try {
      const stored = await readEntry(path, key);
      if (stored !== undefined) return stored;
    } catch (error) {
      if (!isSegError(error, 'corrupt-data')) throw error;
      onDamaged?.(error);
    }
    const { volumes, info = null } = await make();
    // A file that changed while the result was made could have been read before or after: it is not kept then.
    if ((await cacheKey(source)) !== key) return { volumes, info };
    const payload = encodeCacheContent({ volumes, info });
    if (START + payload.length <= maxBytes) {
      await writeFileAtomic(path, [Buffer.from(MAGIC, 'latin1'), hashContent(key, payload), payload]);
      await evict(folder, maxBytes, path);
    } else await rm(path, { force: true });
    return { volumes, info };
  };

  return {
    async get(source, make) {
      const key = await cacheKey(source);
      const existing = running.get(key);
      if (existing !== undefined) return existing;
      const promise = load(source, key, make).finally(() => running.delete(key));
      running.set(key, promise);
      return promise;
    },
    size: async () => (await listEntries(folder)).reduce((sum, entry) => sum + entry.size, 0),
    clear: async () => {
      for (const { path } of await listEntries(folder)) await rm(path, { force: true });
    },
  };
}

async function cacheKey({ files, config, version }: CacheSource): Promise<string> {
  const hash = createHash('sha256');
  hash.update(`${MAGIC}${canonicalJson({ config, version, files: files.length }, 'VolumeCache.get')}\n`);
  for (const path of files) hash.update(await hashFile(path));
  return hash.digest('hex');
}

/** SHA-256 of a file's bytes; throws `not-found` or `io-failure` naming the file. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  const hash: Hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, ...(signal && { signal }) })) {
      hash.update(chunk as Buffer);
    }
  } catch (cause) {
    if (signal?.aborted) throw new SegError('aborted', { where: path, problem: 'stopped by the caller', cause });
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SegError(missing ? 'not-found' : 'io-failure', {
      where: path,
      problem: missing ? 'the file does not exist' : 'the file could not be read',
      cause,
    });
  }
  return hash.digest();
}

/** Most bytes that Node hashes at a time. */
const MOST_HASHED = 2 ** 30;

/** Of the content and the key that it belongs to: a file under another entry's name is no entry. */
function hashContent(key: string, content: Uint8Array): Buffer {
  const hash = createHash('sha256').update(key);
  for (let at = 0; at < content.length; at += MOST_HASHED) hash.update(content.subarray(at, at + MOST_HASHED));
  return hash.digest();
}

async function readEntry(path: string, key: string): Promise<Required<CacheContent> | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await withFile(path, (file, size) => readBytes(path, file, 0, size));
  } catch (cause) {
    if (isSegError(cause, 'not-found')) return undefined;
    throw cause;
  }
  const content = bytes.subarray(START);
  const intact =
    bytes.length > START &&
    Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') === MAGIC &&
    hashContent(key, content).equals(bytes.subarray(MAGIC.length, START));
  if (!intact) {
    throw new SegError('corrupt-data', {
      where: path,
      problem: 'the cache entry is damaged',
      hint: 'It is made again; check the disk if this happens often.',
    });
  }
  await markUsed(path);
  return decodeCacheContent(content, path);
}

/** The time of the last use is the file's modification time; it orders evictions and nothing else. */
async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // another process may have evicted it meanwhile
}

interface Entry {
  readonly path: string;
  readonly size: number;
  readonly usedMs: number;
}

async function listEntries(folder: string, ending = ENDING): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await readdir(folder)) {
    if (!name.endsWith(ending)) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined) entries.push({ path, size: info.size, usedMs: info.mtimeMs });
  }
  return entries;
}

async function evict(folder: string, maxBytes: number, keep: string): Promise<void> {
  const entries = (await listEntries(folder)).sort((a, b) => a.usedMs - b.usedMs);
  let total = entries.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of entries) {
    if (total <= maxBytes) break;
    if (path === keep) continue;
    await rm(path, { force: true });
    total -= size;
  }
  const now = (await stat(keep).catch(() => undefined))?.mtimeMs ?? 0;
  for (const { path, usedMs } of await listEntries(folder, '.tmp')) {
    if (now - usedMs > ABANDONED_MS) await rm(path, { force: true });
  }
}
