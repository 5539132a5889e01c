import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PUBLIC_DATASETS, type PublicDataset } from '../../src/index.ts';
import { extractTar, fetchPublicDataset, openDataset, writePhantomDataset } from '../../src/node/index.ts';
import { startServer, type TestServer } from './server.ts';
import { type TarMember, tar } from './tar.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-tar-'));
});
afterEach(() => rm(root, { recursive: true }));

async function extract(bytes: Uint8Array, options = {}): Promise<number> {
  await writeFile(join(root, 'a.tar'), bytes);
  return extractTar(join(root, 'a.tar'), join(root, 'out'), options);
}

const members: readonly TarMember[] = [
  { path: './', type: '5' },
  { path: './set/', type: '5' },
  { path: './set/a.txt', content: 'hello' },
  { path: 'set/deep/b.bin', content: new Uint8Array(1500).fill(7) },
  { path: 'set/empty' },
];

describe('extractTar', () => {
  it.each([
    ['plain', (b: Uint8Array) => b],
    ['gzipped', (b: Uint8Array) => gzipSync(b)],
  ] as const)('unpacks a %s archive', async (_, pack) => {
    expect(await extract(pack(tar(members)))).toBe(3);
    expect(await readFile(join(root, 'out/set/a.txt'), 'utf8')).toBe('hello');
    expect((await readFile(join(root, 'out/set/deep/b.bin'))).length).toBe(1500);
    expect((await readFile(join(root, 'out/set/empty'))).length).toBe(0);
  });

  it.each(['gnu', 'pax', 'ustar'])('unpacks what tar writes with long names (%s)', async (format) => {
    const long = `${'n'.repeat(90)}/${'m'.repeat(90)}.txt`;
    const unicode = format === 'ustar' ? 'plain.txt' : 'größe.txt';
    await mkdir(join(root, 'in', 'n'.repeat(90)), { recursive: true });
    await writeFile(join(root, 'in', long), 'long');
    await writeFile(join(root, 'in', unicode), 'unicode');
    execFileSync('tar', [`--format=${format}`, '-cf', join(root, 'a.tar'), '-C', join(root, 'in'), '.']);
    expect(await extractTar(join(root, 'a.tar'), join(root, 'out'))).toBe(2);
    expect(await readFile(join(root, 'out', long), 'utf8')).toBe('long');
    expect(await readFile(join(root, 'out', unicode), 'utf8')).toBe('unicode');
  });

  it.each([
    [{ path: '../evil' }],
    [{ path: 'a/../../evil' }],
    [{ path: '/tmp/evil' }],
    [{ path: 'a\\..\\evil' }],
    [{ path: 'C:/evil' }],
    [{ path: '../evil/', type: '5' }],
    [{ path: 'link', type: '2', link: '/etc' }],
    [{ path: 'hard', type: '1', link: '../../etc/passwd' }],
    [{ path: 'device', type: '3' }],
    [{ path: 'set/a.txt', content: 'twice' }],
    [{ path: 'set/a.txt/below', content: 'a file as folder' }],
  ] as [TarMember][])('unpacks nothing where a member is %j', async (member) => {
    await expect(extract(tar([...members, member, { path: 'later' }]))).rejects.toMatchObject({ name: 'SegError' });
    expect(await readdir(root)).toEqual(['a.tar']);
  });

  it('refuses a pax header that renames a member to the outside', async () => {
    const record = (text: string) => {
      let length = text.length + 3;
      while (`${length} ${text}\n`.length !== length) length++;
      return `${length} ${text}\n`;
    };
    const renamed = tar([
      { path: 'x', type: 'x', content: record('path=../evil') },
      { path: 'fine', content: '1' },
    ]);
    await expect(extract(renamed)).rejects.toThrow('climbs');
    const good = tar([
      { path: 'x', type: 'x', content: record('path=renamed') },
      { path: 'fine', content: '1' },
    ]);
    expect(await extract(good)).toBe(1);
    expect(existsSync(join(root, 'out/renamed'))).toBe(true);
  });

  it('gives a SegError and no folder for any damage, or the files', async () => {
    const whole = tar(members);
    const harm = fc.oneof(
      fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
      fc
        .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
        .map((changes) => whole.map((v, i) => changes.find(([at]) => at === i)?.[1] ?? v)),
      fc.uint8Array({ maxLength: 2000 }),
    );
    await fc.assert(
      fc.asyncProperty(harm, async (bytes) => {
        try {
          await extract(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: 'SegError' });
          expect(existsSync(join(root, 'out'))).toBe(false);
        }
        await rm(join(root, 'out'), { recursive: true, force: true });
        expect((await readdir(root)).sort()).toEqual(['a.tar']);
      }),
      { numRuns: 80 },
    );
  });

  it('stops at limits: gzip bombs, too many members', async () => {
    const bomb = gzipSync(tar([{ path: 'zeros', content: new Uint8Array(5_000_000) }]));
    expect(bomb.length).toBeLessThan(20_000);
    await expect(extract(bomb, { maxBytes: 1_000_000 })).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(extract(tar(members), { maxEntries: 2 })).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(extract(tar(members), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    expect(await readdir(root)).toEqual(['a.tar']);
  });

  it('does not write into a folder that exists', async () => {
    await mkdir(join(root, 'out'));
    await expect(extract(tar(members))).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('fetchPublicDataset', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  it('fetches over a bad connection, checks, unpacks and opens', async () => {
    await writePhantomDataset(join(root, 'in', 'Task99'), { cases: 2, shape: [10, 12, 10] });
    execFileSync('tar', ['-cf', join(root, 'in.tar'), '-C', join(root, 'in'), 'Task99']);
    const content = await readFile(join(root, 'in.tar'));
    server.behave({ content, cutAfter: 9000 }, { content });
    const base: PublicDataset = { ...PUBLIC_DATASETS[3]!, id: 'mine', url: server.url, folder: 'Task99' };
    const { md5: _, ...entry } = base;
    const quick = { retryDelayMs: 1 };
    await expect(fetchPublicDataset(entry, join(root, 'data'), quick)).rejects.toThrow('no hash');
    const digest = (await import('node:crypto')).createHash('sha256').update(content).digest('hex');
    const fetched = [1, 2].map(() => fetchPublicDataset(entry, join(root, 'data'), { ...quick, sha256: digest }));
    const [folder, second] = (await Promise.all(fetched)) as [string, string];
    expect(second).toBe(folder);
    expect((await readdir(join(root, 'data'))).sort()).toEqual(['mine', 'set.tar']);
    expect((await openDataset(folder)).cases.length).toBe(2);
    const requests = server.ranges.length;
    expect(requests).toBe(2);
    expect(await fetchPublicDataset(entry, join(root, 'data'), { ...quick, sha256: digest })).toBe(folder);
    expect(server.ranges.length).toBe(requests);
  });

  it('refuses an address that names no file', async () => {
    for (const url of ['nonsense', 'https://', 'https://example.org/']) {
      await expect(fetchPublicDataset('msd-heart', root, { url })).rejects.toMatchObject({ code: 'invalid-argument' });
    }
  });

  it('names the nearest data set for an unknown one', async () => {
    await expect(fetchPublicDataset('msd-hipocampus', root)).rejects.toThrow('Did you mean "msd-hippocampus"?');
  });

  it('lists sets with licence, address and hash', () => {
    expect(new Set(PUBLIC_DATASETS.map(({ id }) => id)).size).toBe(PUBLIC_DATASETS.length);
    for (const { id, url, md5, licence, folder } of PUBLIC_DATASETS) {
      expect(id).toMatch(/^msd-[a-z]+$/);
      expect(url).toBe(`https://msd-for-monai.s3-us-west-2.amazonaws.com/${folder}.tar`);
      expect(md5).toMatch(/^[0-9a-f]{32}$/);
      expect(licence).toBe('CC-BY-SA-4.0');
    }
  });
});
