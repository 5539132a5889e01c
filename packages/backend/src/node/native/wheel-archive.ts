import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SegError } from '@seg/core';
import yauzl from 'yauzl';
import { clause } from '../../native/clause.ts';
import type { OnProgress } from './progress.ts';

/**
 * Unpacks what the addon needs of a TensorFlow wheel: two libraries into `lib/`, the C headers into `include/`, and the
 * metadata that names the CUDA libraries.
 *
 * @throws SegError `corrupt-data` when the file is no wheel or has no libtensorflow_cc, `io-failure` when it cannot be
 * written, `aborted` when the signal fired.
 */
export async function unpackWheel(
  wheel: string,
  folder: string,
  options: { readonly onProgress: OnProgress; readonly signal?: AbortSignal },
): Promise<void> {
  const { onProgress, signal } = options;
  const archive = await open(wheel);
  const wanted: { readonly entry: yauzl.Entry; readonly target: string }[] = [];
  try {
    for await (const entry of entries(archive)) {
      const target = targetOf(entry.fileName);
      if (target !== undefined) wanted.push({ entry, target });
    }
  } catch (cause) {
    archive.close();
    throw damaged(wheel, cause);
  }
  if (!wanted.some(({ target }) => target.startsWith('lib/libtensorflow_cc.so'))) {
    archive.close();
    throw new SegError('corrupt-data', {
      where: 'installBackend',
      problem: `${basename(wheel)} has no libtensorflow_cc`,
      hint: 'Use a tensorflow or tensorflow-cpu wheel of version 2.12 or later for Linux.',
    });
  }
  const total = wanted.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
  let done = 0;
  try {
    for (const { entry, target } of wanted) {
      const path = join(folder, target);
      await mkdir(dirname(path), { recursive: true });
      const counted = async function* (chunks: AsyncIterable<Buffer | string>) {
        for await (const chunk of chunks) {
          done += chunk.length;
          onProgress({ step: 'unpack', message: basename(wheel), fraction: done / total });
          yield chunk;
        }
      };
      await pipeline(await readStream(archive, entry), counted, createWriteStream(path), { signal });
    }
  } catch (cause) {
    throw stopped(wheel, cause);
  } finally {
    archive.close();
  }
}

/** What to say of an error while a wheel is unpacked: interrupted, not written, or a damaged wheel. */
function stopped(wheel: string, cause: unknown): SegError {
  const { name, code, path } = cause as NodeJS.ErrnoException;
  const where = 'installBackend';
  if (name === 'AbortError') return new SegError('aborted', { where, problem: 'interrupted', cause });
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return damaged(wheel, cause);
  return new SegError('io-failure', {
    where,
    problem: code === 'ENOSPC' ? 'the disk is full' : `a file cannot be written (${code})`,
    ...(path === undefined ? {} : { got: path }),
    hint: 'Free some space or mend its rights, or choose another folder with SEG_CACHE.',
    cause,
  });
}

/** Where an entry of the wheel goes, or undefined if it is not needed. Names come from the archive, so only these pass. */
function targetOf(name: string): string | undefined {
  const library = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.\d+)$/.exec(name);
  if (library) return `lib/${library[1]}`;
  const folders =
    'tensorflow/c/|tensorflow/core/platform/ctstring|tensorflow/tsl/(?:c|platform)/|tsl/(?:c|platform)/|xla/tsl/c/|xla/tsl/platform/ctstring|xla/c/';
  const header = new RegExp(`^tensorflow/(include/(?:${folders})[\\w./-]*\\.h)$`).exec(name);
  if (header && !name.includes('..')) return header[1];
  return /^[\w.-]+\.dist-info\/METADATA$/.test(name) ? 'wheel-METADATA' : undefined;
}

/** sha256 of a file, in hex. */
export async function hashFile(path: string, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    onBytes?.(bytes);
  }
  return hash.digest('hex');
}

function open(path: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (cause, archive) => {
      if (archive !== undefined && !cause) return resolve(archive);
      reject(damaged(path, cause));
    });
  });
}

function damaged(path: string, cause: unknown): SegError {
  const problem = `${path} is no readable wheel: ${clause(cause)}`;
  return new SegError('corrupt-data', { where: 'installBackend', problem, cause, hint: 'Download it again.' });
}

async function* entries(archive: yauzl.ZipFile): AsyncGenerator<yauzl.Entry> {
  for (;;) {
    const entry = await new Promise<yauzl.Entry | undefined>((resolve, reject) => {
      const finish = (action: () => void) => {
        archive.removeAllListeners('entry').removeAllListeners('end').removeAllListeners('error');
        action();
      };
      archive.once('entry', (next: yauzl.Entry) => finish(() => resolve(next)));
      archive.once('end', () => finish(() => resolve(undefined)));
      archive.once('error', (error: Error) => finish(() => reject(error)));
      archive.readEntry();
    });
    if (entry === undefined) return;
    yield entry;
  }
}

function readStream(archive: yauzl.ZipFile, entry: yauzl.Entry): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    archive.openReadStream(entry, (cause, stream) => (stream === undefined || cause ? reject(cause) : resolve(stream)));
  });
}
