import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SegError } from '@seg/core';
import { cleanRelativePath } from '../../dataset/relative-path.ts';
import { ByteSource } from './byte-source.ts';
import { onDisk, writeFully } from './disk.ts';

export interface ExtractTarOptions {
  /** Most bytes that may come out. Default 200 GiB. */
  readonly maxBytes?: number;
  /** Most files and folders. Default 1 000 000. */
  readonly maxEntries?: number;
  readonly onProgress?: (files: number) => void;
  readonly signal?: AbortSignal;
}

const BLOCK = 512;

/** Longest name or pax header: far above what file systems allow. */
const MAX_HEADER_BYTES = 2 ** 20;

/**
 * Unpacks a tar archive (ustar, pax or GNU; plain or gzipped) into a folder that does not exist yet.
 *
 * Nothing is unpacked at all if any member has a path that leads out of the folder, is a link or a device, occurs
 * twice, or if the archive is damaged: the folder appears only when everything is in it.
 *
 * @returns number of files.
 * @throws SegError `invalid-argument` for unsafe members and an existing folder, `corrupt-data`, `limit-exceeded`, `aborted`.
 */
export async function extractTar(archive: string, folder: string, options: ExtractTarOptions = {}): Promise<number> {
  if ((await stat(folder).catch(() => undefined)) !== undefined) {
    throw new SegError('invalid-argument', {
      where: 'extractTar',
      problem: 'the folder exists already',
      got: folder,
      hint: 'Remove it or choose another.',
    });
  }
  const temporary = join(dirname(folder), `.${basename(folder)}.${randomUUID()}.tmp`);
  await onDisk(temporary, mkdir(temporary, { recursive: true }));
  try {
    const files = await unpack(archive, temporary, options);
    await onDisk(folder, rename(temporary, folder));
    return files;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function unpack(archive: string, folder: string, options: ExtractTarOptions): Promise<number> {
  const { maxBytes = 200 * 2 ** 30, maxEntries = 1_000_000, onProgress, signal } = options;
  const source = new ByteSource(archive, chunksOf(archive), maxBytes);
  let files = 0;
  let entries = 0;
  let extended: Extended = {};
  for (;;) {
    throwIfAborted(archive, signal);
    const block = await source.exactly(BLOCK);
    if (block.every((byte) => byte === 0)) return files; // two zero blocks end an archive; the first says enough
    const header = readHeader(archive, block);
    if (++entries > maxEntries) {
      throw new SegError('limit-exceeded', { where: archive, problem: `more than ${maxEntries} members` });
    }
    const size = extended.size ?? header.size;
    const path = extended.path ?? header.path;
    switch (header.type) {
      case 'x':
      case 'L': {
        const text = await readText(archive, source, header.size);
        extended = {
          ...extended,
          ...(header.type === 'L' ? { path: text.replace(/\0.*$/s, '') } : parsePax(archive, text)),
        };
        break;
      }
      case 'g':
        await readText(archive, source, header.size);
        break;
      case '5':
        await makeFolder(archive, join(folder, ...safePath(archive, path, true)), path);
        extended = {};
        break;
      case '0':
      case '\0':
      case '7':
        await writeMember(archive, source, { folder, path, size, signal });
        files++;
        onProgress?.(files);
        extended = {};
        break;
      default:
        throw new SegError('invalid-argument', {
          where: archive,
          problem: `member "${path}" is a link or a special file (type ${JSON.stringify(header.type)})`,
          hint: 'Such members can lead out of the folder; unpack the archive by hand if you trust its source.',
        });
    }
  }
}

async function* chunksOf(archive: string): AsyncGenerator<Uint8Array> {
  const file = await open(archive, 'r').catch((cause) => {
    throw new SegError('not-found', { where: archive, problem: 'cannot open the archive', cause });
  });
  const start = new Uint8Array(2);
  try {
    await file.read(start, 0, 2, 0);
  } finally {
    await file.close();
  }
  const raw = createReadStream(archive, { highWaterMark: 2 ** 20 });
  const gzipped = start[0] === 0x1f && start[1] === 0x8b;
  try {
    yield* (gzipped ? Readable.from(raw).pipe(createGunzip()) : raw) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const problem = gzipped ? 'the compressed data is damaged' : 'the archive cannot be read';
    throw new SegError(gzipped ? 'corrupt-data' : 'io-failure', { where: archive, problem, cause });
  } finally {
    raw.destroy();
  }
}

interface Header {
  readonly path: string;
  readonly size: number;
  readonly type: string;
}

/** What pax and GNU members say about the member behind them. */
interface Extended {
  readonly path?: string;
  readonly size?: number;
}

function readHeader(archive: string, block: Uint8Array): Header {
  const text = (from: number, to: number) => {
    const end = block.indexOf(0, from);
    return new TextDecoder().decode(block.subarray(from, end < 0 || end > to ? to : end));
  };
  const octal = (from: number, to: number) => {
    if ((block[from]! & 0x80) !== 0) {
      // GNU writes sizes above 8 GiB as big-endian binary numbers.
      return block.subarray(from + 1, to).reduce((value, byte) => value * 256 + byte, block[from]! & 0x7f);
    }
    const digits = text(from, to).trim();
    return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  };
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  const size = octal(124, 136);
  if (octal(148, 156) !== sum || !Number.isSafeInteger(size)) {
    throw new SegError('corrupt-data', {
      where: archive,
      problem: 'not a tar archive, or a damaged one',
      hint: 'Fetch it again.',
    });
  }
  const prefix = text(257, 262) === 'ustar' && block[262] === 0 ? text(345, 500) : '';
  const name = text(0, 100);
  return { path: prefix === '' ? name : `${prefix}/${name}`, size, type: String.fromCharCode(block[156]!) };
}

async function readText(archive: string, source: ByteSource, size: number): Promise<string> {
  if (size > MAX_HEADER_BYTES) {
    throw new SegError('limit-exceeded', { where: archive, problem: 'a header is too long', got: size });
  }
  const bytes = await source.exactly(size);
  await source.exactly(padding(size));
  return new TextDecoder().decode(bytes);
}

/** Records "LENGTH KEY=VALUE\n", where LENGTH counts the bytes of the whole record. */
function parsePax(archive: string, text: string): Extended {
  const bytes = new TextEncoder().encode(text);
  const result: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const length = Number(new TextDecoder().decode(bytes.subarray(at, Math.max(at, space))));
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    if (space < 0 || !Number.isInteger(length) || length <= 0 || at + length > bytes.length || equals < 0) {
      throw new SegError('corrupt-data', { where: archive, problem: 'a pax header is damaged' });
    }
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') result.path = value;
    if (key === 'size') {
      result.size = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      if (!Number.isSafeInteger(result.size)) {
        throw new SegError('corrupt-data', { where: archive, problem: 'a pax header has no valid size', got: value });
      }
    }
    at += length;
  }
  return result;
}

function safePath(archive: string, path: string, isFolder: boolean): readonly string[] {
  if (isFolder && /^(\.?\/)*\.?$/.test(path)) return [];
  return cleanRelativePath(archive, path).split('/');
}

interface Member {
  readonly folder: string;
  readonly path: string;
  readonly size: number;
  readonly signal: AbortSignal | undefined;
}

async function writeMember(archive: string, source: ByteSource, { folder, path, size, signal }: Member): Promise<void> {
  const target = join(folder, ...safePath(archive, path, false));
  await makeFolder(archive, dirname(target), path);
  const file = await open(target, 'wx').catch((cause) => refuseMember(archive, path, cause));
  try {
    let position = 0;
    for await (const piece of source.pieces(size)) {
      throwIfAborted(archive, signal);
      await onDisk(target, writeFully(file, piece, position));
      position += piece.length;
    }
  } finally {
    await file.close();
  }
  await source.exactly(padding(size));
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

async function makeFolder(archive: string, folder: string, path: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause) => refuseMember(archive, path, cause));
}

function refuseMember(archive: string, path: string, cause: NodeJS.ErrnoException): never {
  const twice = cause.code === 'EEXIST' || cause.code === 'ENOTDIR' || cause.code === 'EISDIR';
  throw new SegError(twice ? 'invalid-argument' : 'io-failure', {
    where: archive,
    problem: twice ? `member "${path}" is in the way of another` : `member "${path}" cannot be written`,
    got: cause.message,
    hint: twice ? 'The archive holds a name twice; unpack it by hand.' : 'Check space and permissions.',
    cause,
  });
}

function throwIfAborted(where: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SegError('aborted', { where, problem: 'stopped by the caller', cause: signal.reason });
}
