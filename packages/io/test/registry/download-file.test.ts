import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { downloadFile } from '../../src/node/index.ts';
import { onDisk, writeFully } from '../../src/node/registry/disk.ts';
import { startServer, type TestServer } from './server.ts';

let server: TestServer;
let root: string;
let path: string;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-download-'));
  path = join(root, 'deep', 'set.tar');
});
afterEach(() => rm(root, { recursive: true }));

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const other = content.map((v) => v ^ 1);
const hash = (bytes: Uint8Array, algorithm = 'sha256') => createHash(algorithm).update(bytes).digest('hex');
const sha256 = hash(content);
const quick = { sha256, retryDelayMs: 1, stallMs: 300 };

describe('downloadFile', () => {
  it('fetches, checks and reports', async () => {
    server.behave({ content });
    const progress: (number | undefined)[][] = [];
    const result = await downloadFile(server.url, path, { ...quick, onProgress: (...args) => progress.push(args) });
    expect(result).toEqual({ path, bytes: content.length, sha256, verifiedBy: 'sha256', alreadyThere: false });
    expect(new Uint8Array(await readFile(path))).toEqual(content);
    expect(progress[0]).toEqual([0, content.length]);
    expect(progress.at(-1)).toEqual([content.length, content.length]);
    expect(await readdir(join(root, 'deep'))).toEqual(['set.tar']);
  });

  it('does not fetch what is there and right, and replaces what is wrong', async () => {
    server.behave({ content });
    await downloadFile(server.url, path, quick);
    expect((await downloadFile(server.url, path, quick)).alreadyThere).toBe(true);
    expect(server.ranges).toEqual(['']);
    await writeFile(path, 'damaged');
    expect((await downloadFile(server.url, path, quick)).alreadyThere).toBe(false);
    expect(hash(await readFile(path))).toBe(sha256);
  });

  it('continues a connection that is cut, again and again', async () => {
    const cut = { content, cutAfter: 60_000 };
    server.behave(cut, cut, cut, { content });
    await downloadFile(server.url, path, quick);
    expect(hash(await readFile(path))).toBe(sha256);
    expect(server.ranges[0]).toBe('');
    const starts = server.ranges.slice(1).map((range) => Number(/\d+/.exec(range)![0]));
    expect(starts.length).toBe(3);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts[0]).toBeGreaterThan(0);
  });

  it('continues in a later call what an earlier one began', async () => {
    server.behave({ content, cutAfter: 90_000 });
    await expect(downloadFile(server.url, path, { ...quick, attempts: 1 })).rejects.toMatchObject({
      code: 'io-failure',
    });
    expect(existsSync(path)).toBe(false);
    server.behave({ content });
    await downloadFile(server.url, path, quick);
    expect(server.ranges).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(hash(await readFile(path))).toBe(sha256);
  });

  it('begins again when the file has changed on the server', async () => {
    server.behave({ content: other, etag: '"old"', cutAfter: 90_000 }, { content, etag: '"new"' });
    await downloadFile(server.url, path, quick);
    expect(hash(await readFile(path))).toBe(sha256);
  });

  it('begins again when a server continues with another file under the same tag', async () => {
    server.behave({ content: other, cutAfter: 90_000 }, { content }, { content });
    await downloadFile(server.url, path, quick);
    expect(server.ranges.length).toBe(3);
    expect(server.ranges[2]).toBe('');
    expect(hash(await readFile(path))).toBe(sha256);
  });

  it('does not continue where the server gives nothing to recognise the version by', async () => {
    for (const etag of [null, 'W/"weak"']) {
      await rm(path, { force: true });
      server.behave({ content, etag, cutAfter: 90_000 }, { content, etag });
      await downloadFile(server.url, path, quick);
      expect(server.ranges).toEqual(['', '']);
    }
  });

  it('takes servers that ignore ranges and that send no length', async () => {
    server.behave({ content, cutAfter: 90_000 }, { content, ignoreRange: true });
    await downloadFile(server.url, path, quick);
    expect(hash(await readFile(path))).toBe(sha256);
    await rm(path);
    server.behave({ content, announce: null });
    await downloadFile(server.url, path, quick);
    expect(hash(await readFile(path))).toBe(sha256);
  });

  it('refuses wrong bytes and leaves nothing', async () => {
    server.behave({ content: other });
    await expect(downloadFile(server.url, path, quick)).rejects.toMatchObject({
      code: 'corrupt-data',
      got: `SHA-256 ${hash(other)}`,
      expected: sha256,
    });
    expect(await readdir(join(root, 'deep'))).toEqual([]);
  });

  it('gives up a stalled connection and tries again', async () => {
    server.behave({ content, stallAfter: 50_000 }, { content });
    await downloadFile(server.url, path, quick);
    expect(hash(await readFile(path))).toBe(sha256);
    expect(server.ranges.length).toBe(2);
  });

  it('tries again after 503, not after 404, and stops after the attempts it has', async () => {
    server.behave({ content, status: 503 }, { content, status: 429 }, { content });
    await downloadFile(server.url, path, quick);
    server.behave({ content, status: 404 });
    await rm(path);
    await expect(downloadFile(server.url, path, quick)).rejects.toMatchObject({ code: 'not-found' });
    expect(server.ranges.length).toBe(1);
    server.behave({ content, status: 403 });
    await expect(downloadFile(server.url, path, quick)).rejects.toMatchObject({ code: 'unsupported' });
    server.behave({ content, status: 500 });
    await expect(downloadFile(server.url, path, { ...quick, attempts: 3 })).rejects.toThrow(
      /3 times in a row at byte 0/,
    );
    expect(server.ranges.length).toBe(3);
  });

  it('follows redirects', async () => {
    server.behave({ content, redirectTo: server.url }, { content });
    await downloadFile(server.url, path, quick);
    expect(hash(await readFile(path))).toBe(sha256);
  });

  it('does not take more than it may', async () => {
    server.behave({ content });
    const small = { ...quick, maxBytes: 1000 };
    await expect(downloadFile(server.url, path, small)).rejects.toMatchObject({ code: 'limit-exceeded' });
    server.behave({ content, announce: null });
    await expect(downloadFile(server.url, path, small)).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  it('stops when told to and continues later', async () => {
    const controller = new AbortController();
    server.behave({ content, stallAfter: 50_000 });
    const onProgress = (received: number) => (received > 0 ? controller.abort() : undefined);
    const stopped = downloadFile(server.url, path, { ...quick, signal: controller.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    server.behave({ content });
    await downloadFile(server.url, path, quick);
    expect(server.ranges[0]).toMatch(/^bytes=/);
  });

  it('wants a hash, or to be told that none is wanted', async () => {
    server.behave({ content });
    await expect(downloadFile(server.url, path)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(downloadFile(server.url, path, { sha256: 'abc' })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(downloadFile('file:///etc/passwd', path, quick)).rejects.toMatchObject({ code: 'invalid-argument' });
    const md5 = await downloadFile(server.url, path, { md5: hash(content, 'md5') });
    expect(md5).toMatchObject({ verifiedBy: 'md5', sha256 });
    await rm(path);
    expect(await downloadFile(server.url, path, { allowUnverified: true })).toMatchObject({
      verifiedBy: 'nothing',
      sha256,
    });
  });

  it('begins again where the server sends another part than was asked for', async () => {
    const cut = { content, cutAfter: 60_000 };
    for (const contentRange of ['bytes 7-199999/200000', 'bytes 1-2/3', 'nonsense', '']) {
      await rm(path, { force: true });
      server.behave(cut, { content, contentRange }, { content });
      await downloadFile(server.url, path, quick);
      expect(hash(await readFile(path))).toBe(sha256);
      expect(server.ranges).toEqual(['', expect.stringMatching(/^bytes=[1-9]\d*-$/), '']);
    }
  });

  it('takes a file that was compressed for the way', async () => {
    server.behave({ content, gzip: true });
    expect(await downloadFile(server.url, path, quick)).toMatchObject({ sha256, bytes: content.length });
    await rm(path);
    // Such a part is not continued: its length says nothing of a range.
    server.behave({ content: other, gzip: true });
    await expect(downloadFile(server.url, path, quick)).rejects.toMatchObject({ code: 'corrupt-data' });
    expect(server.ranges).toEqual(['']);
  });

  it('gives up on what is no HTTP and on redirects without end, naming the reason', async () => {
    server.behave({ content, raw: 'hello' });
    await expect(downloadFile(server.url, path, { ...quick, attempts: 2 })).rejects.toMatchObject({
      code: 'io-failure',
      got: expect.stringMatching(/HTTP/),
    });
    server.behave({ content, redirectTo: server.url });
    await expect(downloadFile(server.url, path, { ...quick, attempts: 1 })).rejects.toThrow(/redirect/);
    server.behave({ content, redirectTo: 'file:///etc/passwd' });
    await expect(downloadFile(server.url, path, { ...quick, attempts: 1 })).rejects.toThrow(/HTTP/);
  });

  it('fetches once for all who ask for one path at a time', async () => {
    server.behave({ content });
    const results = await Promise.all([1, 2, 3].map(() => downloadFile(server.url, path, quick)));
    expect(results.map((r) => r.alreadyThere).sort()).toEqual([false, true, true]);
    expect(server.ranges).toEqual(['']);
    expect(await readdir(join(root, 'deep'))).toEqual(['set.tar']);
  });

  it('waits for another process that holds the path, and can be stopped meanwhile; the dead hold nothing', async () => {
    server.behave({ content });
    await mkdir(join(root, 'deep'));
    const lock = `${path}.part.lock`;
    // The parent of this process lives; no process has a number as high as the other.
    await writeFile(lock, JSON.stringify({ host: hostname(), pid: process.ppid }));
    const signal = AbortSignal.timeout(300);
    await expect(downloadFile(server.url, path, { ...quick, signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(server.ranges).toEqual([]);
    await writeFile(lock, JSON.stringify({ host: hostname(), pid: 2 ** 30 }));
    await downloadFile(server.url, path, quick);
    await rm(path);
    await writeFile(lock, JSON.stringify({ host: 'elsewhere', pid: process.ppid }));
    const old = new Date(Date.now() - 3 * 60_000);
    await utimes(lock, old, old);
    await downloadFile(server.url, path, quick);
    expect(await readdir(join(root, 'deep'))).toEqual(['set.tar']);
  });

  it('names what is in its way on the disk at once', async () => {
    server.behave({ content });
    await mkdir(path, { recursive: true });
    await expect(downloadFile(server.url, path, quick)).rejects.toMatchObject({ code: 'invalid-argument' });
    await writeFile(join(root, 'file'), '');
    await expect(downloadFile(server.url, join(root, 'file', 'set.tar'), quick)).rejects.toMatchObject({
      code: 'io-failure',
    });
    await mkdir(join(root, 'other.tar.part'));
    await expect(downloadFile(server.url, join(root, 'other.tar'), quick)).rejects.toMatchObject({
      code: 'io-failure',
      where: join(root, 'other.tar.part'),
    });
    expect(server.ranges).toEqual([]);
  });

  it('refuses options that make no sense', async () => {
    server.behave({ content, status: 503 });
    const wrong = [{ attempts: 0 }, { attempts: Number.NaN }, { maxBytes: Number.NaN }, { stallMs: 0 }];
    for (const options of [...wrong, { retryDelayMs: -1 }]) {
      await expect(downloadFile(server.url, path, { ...quick, ...options })).rejects.toMatchObject({
        code: 'invalid-argument',
      });
    }
    await expect(downloadFile('https://', path, quick)).rejects.toMatchObject({ code: 'invalid-argument' });
    server.behave({ content });
    await downloadFile(server.url, path, { ...quick, stallMs: Number.POSITIVE_INFINITY });
  });
});

describe('writeFully', () => {
  it('writes on where the system takes only a part, and reports a full disk', async () => {
    const written: number[] = [];
    const write = (bytes: Uint8Array, from: number, length: number, position: number) => {
      if (written.length >= 8)
        return Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
      const bytesWritten = Math.min(3, length, 8 - written.length);
      expect(position).toBe(100 + written.length);
      written.push(...bytes.subarray(from, from + bytesWritten));
      return Promise.resolve({ bytesWritten });
    };
    const file = { write } as unknown as FileHandle;
    await writeFully(file, Uint8Array.of(1, 2, 3, 4, 5, 6, 7), 100);
    expect(written).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await expect(onDisk('set.tar', writeFully(file, Uint8Array.of(8, 9), 107))).rejects.toMatchObject({
      code: 'io-failure',
      where: 'set.tar',
      got: 'ENOSPC: no space left',
    });
    expect(written.length).toBe(8);
  });
});
