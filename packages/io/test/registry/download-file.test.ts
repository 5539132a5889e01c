import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { downloadFile } from '../../src/node/index.ts';
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
});
