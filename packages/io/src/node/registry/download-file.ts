import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SegError } from '@seg/core';
import { writeFileAtomic } from '../files/index.ts';
import { exclusively, onDisk, writeFully } from './disk.ts';

export interface DownloadOptions {
  /** Expected SHA-256, hexadecimal. */
  readonly sha256?: string;
  /** Expected MD5, hexadecimal, for sources that publish nothing better. */
  readonly md5?: string;
  /** Take the file although nothing proves its content. Default false: a download without hash is refused. */
  readonly allowUnverified?: boolean;
  /** Largest size that is accepted. Default 100 GiB. */
  readonly maxBytes?: number;
  /** Attempts in a row without a single new byte before giving up. Default 5. */
  readonly attempts?: number;
  /** Wait before the second attempt in ms; doubled each time, up to a minute. Default 500. */
  readonly retryDelayMs?: number;
  /** An attempt that brings nothing for this time in ms is given up; `Infinity` waits for ever. Default 30 000. */
  readonly stallMs?: number;
  /** `total` is undefined where the server does not say. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
}

export interface Download {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the file as it is now, to be noted for the next time. */
  readonly sha256: string;
  /** What the content was checked against. */
  readonly verifiedBy: 'sha256' | 'md5' | 'nothing';
  /** Nothing was fetched: the file was there and right. */
  readonly alreadyThere: boolean;
}

/**
 * Fetches a file over HTTP(S) so that it appears whole and checked, or not at all.
 *
 * A transfer that breaks is continued where it stopped, in this call or a later one (`PATH.part` holds what has come);
 * if the file on the server has changed meanwhile, it begins again. Calls for one path, from several processes too, wait
 * for each other (`PATH.part.lock`), and the later ones find the file there.
 *
 * @throws SegError `corrupt-data` where the content is not the expected one, `limit-exceeded`, `not-found` and
 * `io-failure` for the server's answers and broken connections, `aborted`.
 */
export async function downloadFile(url: string, path: string, options: DownloadOptions = {}): Promise<Download> {
  checkRequest(url, options);
  if ((await stat(path).catch(() => undefined))?.isDirectory()) {
    throw new SegError('invalid-argument', {
      where: 'downloadFile',
      problem: 'there is a folder of that name',
      got: path,
    });
  }
  // Looked at before the lock is made, which a folder that is only to be read would refuse.
  const existing = await checkContent(path, options);
  if (existing?.matches) return { ...summary(path, existing, options), alreadyThere: true };
  return exclusively(`${path}.part.lock`, options.signal, () => downloadAlone(url, path, options));
}

async function downloadAlone(url: string, path: string, options: DownloadOptions): Promise<Download> {
  const existing = await checkContent(path, options);
  if (existing?.matches) return { ...summary(path, existing, options), alreadyThere: true };
  const part = `${path}.part`;
  let resumed = await transfer(url, part, options);
  let content = await checkContent(part, options);
  if (!content?.matches && resumed) {
    // The two halves may be of different versions of the file; only a transfer in one piece proves anything.
    await discard(part);
    resumed = await transfer(url, part, options);
    content = await checkContent(part, options);
  }
  if (!content?.matches) {
    await discard(part);
    throw new SegError('corrupt-data', {
      where: url,
      problem: 'the file that came is not the expected one',
      got: options.sha256 === undefined ? `MD5 ${content?.md5}` : `SHA-256 ${content?.sha256}`,
      expected: options.sha256 ?? options.md5,
      hint: 'Try again later; if it stays so, the file on the server was changed: check its source before trusting it.',
    });
  }
  await onDisk(path, rename(part, path));
  await discard(part);
  return { ...summary(path, content, options), alreadyThere: false };
}

function checkRequest(url: string, options: DownloadOptions): void {
  const { sha256, md5, allowUnverified = false } = options;
  const refuse = (problem: string, got: unknown, hint: string): never => {
    throw new SegError('invalid-argument', { where: 'downloadFile', problem, got, hint });
  };
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    refuse('not an HTTP address', url, 'Give an address that begins with https://.');
  }
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    refuse('not a SHA-256', sha256, 'It has 64 hexadecimal digits.');
  if (md5 !== undefined && !/^[0-9a-f]{32}$/i.test(md5)) refuse('not an MD5', md5, 'It has 32 hexadecimal digits.');
  if (sha256 === undefined && md5 === undefined && !allowUnverified) {
    refuse(
      'no hash to check the file against',
      url,
      'Give its sha256, or allowUnverified: true if you trust the source.',
    );
  }
  const { attempts = 1, maxBytes = 0, retryDelayMs = 0, stallMs = 1 } = options;
  if (!Number.isInteger(attempts) || attempts < 1) refuse('not a number of attempts', attempts, 'Give 1 or more.');
  for (const [name, value, least] of [
    ['maxBytes', maxBytes, 0],
    ['retryDelayMs', retryDelayMs, 0],
    ['stallMs', stallMs, 1],
  ] as const) {
    if (!(value >= least)) refuse(`${name} is out of range`, value, `Give ${least} or more.`);
  }
}

interface Content {
  readonly bytes: number;
  readonly sha256: string;
  readonly md5: string;
  readonly matches: boolean;
}

async function checkContent(path: string, options: DownloadOptions): Promise<Content | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) return undefined;
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  const read = async () => {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      if (options.signal?.aborted) return;
      sha256.update(chunk as Buffer);
      if (options.md5 !== undefined) md5.update(chunk as Buffer);
    }
  };
  await onDisk(path, read());
  throwIfAborted(path, options.signal);
  const found = { sha256: sha256.digest('hex'), md5: options.md5 === undefined ? '' : md5.digest('hex') };
  const equal = (expected: string | undefined, got: string) => expected === undefined || expected.toLowerCase() === got;
  return { bytes: info.size, ...found, matches: equal(options.sha256, found.sha256) && equal(options.md5, found.md5) };
}

function summary(path: string, { bytes, sha256 }: Content, options: DownloadOptions): Omit<Download, 'alreadyThere'> {
  const verifiedBy = options.sha256 !== undefined ? 'sha256' : options.md5 !== undefined ? 'md5' : 'nothing';
  return { path, bytes, sha256, verifiedBy };
}

/** What identifies the version of the file that a part belongs to. */
interface PartState {
  readonly url: string;
  readonly validator: string;
}

const stateOf = (part: string) => `${part}.json`;

async function discard(part: string): Promise<void> {
  await onDisk(part, rm(part, { force: true }));
  await onDisk(part, rm(stateOf(part), { force: true }));
}

/** A failure that may pass: the next attempt can succeed. */
class PassingFailure extends Error {}

/** Brings the part to its full length over as many attempts as it takes; says whether it was joined from pieces. */
async function transfer(url: string, part: string, options: DownloadOptions): Promise<boolean> {
  const { attempts = 5, retryDelayMs = 500, signal } = options;
  let failures = 0;
  let resumed = false;
  for (;;) {
    const start = await resumableLength(url, part);
    resumed ||= start > 0;
    try {
      await attempt(url, part, start, options);
      return resumed;
    } catch (error) {
      throwIfAborted(url, signal);
      if (error instanceof SegError) throw error;
      const length = (await stat(part).catch(() => undefined))?.size ?? 0;
      failures = length > start ? 1 : failures + 1;
      if (failures >= attempts) {
        throw new SegError('io-failure', {
          where: url,
          problem: `the transfer broke off ${failures} times in a row at byte ${length}`,
          got: ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message,
          hint: 'Check the address and the connection and call again: what has come is kept and continued.',
          cause: error,
        });
      }
      const wait = Math.min(retryDelayMs * 2 ** (failures - 1), longestDelayMs);
      await delay(wait, undefined, { signal }).catch(() => throwIfAborted(url, signal));
    }
  }
}

/** Longest wait between two attempts. */
const longestDelayMs = 60_000;

async function resumableLength(url: string, part: string): Promise<number> {
  const state = await readState(part);
  const size = (await stat(part).catch(() => undefined))?.size;
  if (size !== undefined && state?.url === url) return size;
  await discard(part);
  return 0;
}

async function readState(part: string): Promise<PartState | undefined> {
  try {
    const state = JSON.parse(await readFile(stateOf(part), 'utf8')) as Partial<PartState>;
    return typeof state.url === 'string' && typeof state.validator === 'string' ? (state as PartState) : undefined;
  } catch {
    return undefined;
  }
}

/** One request: the whole file, or the rest of it on condition that it is still the same version. */
async function attempt(url: string, part: string, start: number, options: DownloadOptions): Promise<void> {
  const { maxBytes = 100 * 2 ** 30, stallMs = 30_000, onProgress, signal } = options;
  const end = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    const stalled = () => end.abort(new PassingFailure(`nothing came for ${stallMs} ms`));
    if (stallMs < 2 ** 31) timer = setTimeout(stalled, stallMs);
  };
  alive();
  try {
    const validator = start > 0 ? (await readState(part))?.validator : undefined;
    const response = await fetch(url, {
      headers: {
        'accept-encoding': 'identity',
        ...(validator === undefined ? {} : { range: `bytes=${start}-`, 'if-range': validator }),
      },
      signal: signal === undefined ? end.signal : AbortSignal.any([end.signal, signal]),
    });
    if (response.status === 416) {
      // The part is as long as the file or longer; a file of just that length is complete.
      if (Number(/\*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]) === start) return;
      await discard(part);
      throw new PassingFailure('the part that was kept is longer than the file');
    }
    if (response.status === 206 && !continues(response, start)) {
      await discard(part);
      throw new PassingFailure('the server sent another part of the file than was asked for');
    }
    const offset = response.status === 206 ? start : 0;
    const total = announcedTotal(url, response);
    if (total !== undefined && total > maxBytes) tooLarge(url, total, maxBytes);
    const file = await onDisk(part, open(part, offset > 0 ? 'r+' : 'w'));
    try {
      const version = isEncoded(response) ? null : versionOf(response);
      if (version === null) await onDisk(part, rm(stateOf(part), { force: true }));
      else await writeFileAtomic(stateOf(part), JSON.stringify({ url, validator: version }));
      let position = offset;
      onProgress?.(position, total);
      for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
        alive();
        if (position + chunk.length > maxBytes) tooLarge(url, position + chunk.length, maxBytes);
        if (total !== undefined && position + chunk.length > total) {
          await discard(part);
          throw new PassingFailure('the server sent more bytes than it announced');
        }
        await onDisk(part, writeFully(file, chunk, position));
        position += chunk.length;
        onProgress?.(position, total);
      }
      if (total !== undefined && position !== total) {
        throw new PassingFailure(`the connection closed after ${position} of ${total} bytes`);
      }
      await onDisk(part, file.sync());
    } finally {
      await file.close();
    }
  } finally {
    clearTimeout(timer);
    end.abort(); // of an answer that was not read to its end
  }
}

/** What the server names this version of the file by; null where nothing promises equal bytes, as weak tags do not. */
function versionOf({ headers }: Response): string | null {
  const tag = headers.get('etag');
  return tag !== null && !tag.startsWith('W/') ? tag : headers.get('last-modified');
}

/** Compressed for the way, although that was not asked for: lengths and ranges are then not those of the file. */
function isEncoded({ headers }: Response): boolean {
  return !/^(identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '');
}

/** Start and size of the file that a partial answer names, and whether it is what was asked for. */
function continues(response: Response, start: number): boolean {
  const [, from, total] = contentRange(response);
  return !isEncoded(response) && Number(from) === start && (total === '*' || Number(total) > start);
}

function contentRange({ headers }: Response): readonly string[] {
  return /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
}

/** The file's length, undefined where the server does not say; throws where it does not send the file. */
function announcedTotal(url: string, response: Response): number | undefined {
  const { status, headers } = response;
  if (status === 206) {
    const total = contentRange(response)[2];
    return total === '*' ? undefined : Number(total);
  }
  if (status === 200) {
    const length = headers.get('content-length');
    return length === null || isEncoded(response) ? undefined : Number(length);
  }
  const answer = `the server answers ${status} ${response.statusText}`.trim();
  // 408, 429 and the 500s may pass; another status will not change by asking again.
  if (status === 408 || status === 429 || status >= 500) throw new PassingFailure(answer);
  throw new SegError(status === 404 || status === 410 ? 'not-found' : 'unsupported', {
    where: url,
    problem: answer,
    hint: 'Check the address, and whether the source asks for a login.',
  });
}

function tooLarge(url: string, got: number, limit: number): never {
  throw new SegError('limit-exceeded', {
    where: url,
    problem: 'the file is larger than it may be',
    got,
    expected: `at most ${limit} bytes`,
    hint: 'Raise maxBytes if the source can be trusted.',
  });
}

function throwIfAborted(where: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SegError('aborted', { where, problem: 'stopped by the caller', cause: signal.reason });
}
