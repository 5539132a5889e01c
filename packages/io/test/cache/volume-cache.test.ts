import { copyFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createVolume, type SegError } from '@seg/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/cache/canonical-json.ts';
import { openVolumeCache } from '../../src/node/index.ts';

let root: string;
let file: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seg-cache-'));
  file = join(root, 'input.bin');
  await writeFile(file, 'first');
});
afterEach(() => rm(root, { recursive: true }));

const content = (value: number, voxels = 8) => ({
  volumes: {
    image: createVolume(new Float32Array(2 * voxels).fill(value + 0.5), [1, 1, voxels], {
      channels: 2,
      spacingMm: [3, 2, 1],
    }),
    label: createVolume(new Uint8Array(voxels).fill(value), [1, 1, voxels]),
  },
  info: { value },
});

/** A maker that counts its calls. */
function counted(value: number, voxels?: number) {
  const make = Object.assign(
    async () => {
      make.calls++;
      return content(value, voxels);
    },
    { calls: 0 },
  );
  return make;
}

const source = (extra: object = {}) => ({ files: [file], config: { a: 1, b: [2, { c: 3 }] }, version: '1', ...extra });

describe('openVolumeCache', () => {
  it('gives back what was stored, types and geometry included, in this and in another process', async () => {
    const make = counted(7);
    const cache = await openVolumeCache(join(root, 'c'));
    const first = await cache.get(source(), make);
    const second = await cache.get(source(), make);
    const reopened = await (await openVolumeCache(join(root, 'c'))).get(source(), make);
    expect(make.calls).toBe(1);
    expect(first).toEqual(content(7));
    expect(second).toEqual(content(7));
    expect(reopened).toEqual(content(7));
  });

  it('makes anew for other bytes, another configuration, version, or order of files', async () => {
    const cache = await openVolumeCache(join(root, 'c'));
    const make = counted(1);
    const other = join(root, 'other.bin');
    await writeFile(other, 'other');
    const variants = [
      source(),
      source({ config: { a: 1, b: [2, { c: 4 }] } }),
      source({ version: '2' }),
      source({ files: [file, other] }),
      source({ files: [other, file] }),
      source({ files: [] }),
    ];
    for (const variant of variants) await cache.get(variant, make);
    expect(make.calls).toBe(variants.length);
    const { atime, mtime } = { atime: new Date(1000), mtime: new Date(1000) };
    await utimes(file, atime, mtime);
    await cache.get(source(), make);
    expect(make.calls).toBe(variants.length);
    await writeFile(file, 'fIrst'); // the same size, and the same time stamp as before
    await utimes(file, atime, mtime);
    await cache.get(source(), make);
    expect(make.calls).toBe(variants.length + 1);
  });

  it('does not mind the order of members of the configuration', async () => {
    const cache = await openVolumeCache(join(root, 'c'));
    const make = counted(1);
    await cache.get(source({ config: { a: 1, b: 2 } }), make);
    await cache.get(source({ config: { b: 2, a: 1 } }), make);
    expect(make.calls).toBe(1);
  });

  it('makes an entry once when it is asked for twice at a time', async () => {
    const cache = await openVolumeCache(join(root, 'c'));
    const make = counted(3);
    const results = await Promise.all([cache.get(source(), make), cache.get(source(), make)]);
    expect(make.calls).toBe(1);
    expect(results[0]).toEqual(results[1]);
  });

  it('notices damage at any byte and any cut, and repairs it', async () => {
    const folder = join(root, 'c');
    const damaged: SegError[] = [];
    const cache = await openVolumeCache(folder, { onDamaged: (error) => damaged.push(error) });
    const make = counted(5, 2);
    await cache.get(source(), make);
    const path = join(folder, (await readdir(folder))[0]!);
    const whole = await readFile(path);
    const harm = fc.oneof(
      fc.nat(whole.length - 1).map((at) => whole.map((v, i) => (i === at ? v ^ 0x10 : v))),
      fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
    );
    let times = 0;
    await fc.assert(
      fc.asyncProperty(harm, async (bytes) => {
        await writeFile(path, bytes);
        expect(await cache.get(source(), make)).toEqual(content(5, 2));
        expect(damaged.length).toBe(++times);
        expect(await readFile(path)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
    expect(damaged[0]).toMatchObject({ code: 'corrupt-data', where: path });
  });

  it('does not take the entry of one key for that of another', async () => {
    const cache = await openVolumeCache(join(root, 'c'));
    const entries = async () => (await readdir(join(root, 'c'))).map((name) => join(root, 'c', name));
    await cache.get(source(), counted(1));
    const [first] = (await entries()) as [string];
    await cache.get(source({ version: '2' }), counted(2));
    const second = (await entries()).find((name) => name !== first)!;
    await copyFile(first, second);
    expect(await cache.get(source({ version: '2' }), counted(3))).toEqual(content(3));
  });

  it('removes what was used longest ago above the limit, and never stores what is larger than it', async () => {
    const folder = join(root, 'c');
    const probe = await openVolumeCache(folder);
    await probe.get(source({ version: 'probe' }), counted(0, 1000));
    const size = await probe.size();
    await probe.clear();
    const cache = await openVolumeCache(folder, { maxBytes: 3 * size });
    const makers = [0, 1, 2, 3].map((value) => counted(value, 1000));
    const ask = (i: number) => cache.get(source({ version: `${i}` }), makers[i]!);
    for (const i of [0, 1, 2]) {
      await ask(i);
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        await utimes(path, new Date(1e6 * (i + 1)), new Date(1e6 * (i + 1)));
      }
    }
    await ask(0); // used again: now 1 and 2 are the oldest
    await ask(3);
    expect(await cache.size()).toBe(3 * size);
    await ask(0);
    await ask(3);
    expect(makers.map(({ calls }) => calls)).toEqual([1, 1, 1, 1]);
    const large = counted(9, 100_000);
    // Vitest compares long arrays element by element, which takes a minute here.
    const stored = await cache.get(source({ version: 'large' }), large);
    expect(isDeepStrictEqual(stored, content(9, 100_000))).toBe(true);
    await cache.get(source({ version: 'large' }), large);
    expect(large.calls).toBe(2);
    expect(await cache.size()).toBe(3 * size);
  });

  it('does not keep what was made while a file changed', async () => {
    const cache = await openVolumeCache(join(root, 'c'));
    const make = counted(2);
    const disturbed = async () => {
      await writeFile(file, 'changed');
      return make();
    };
    expect(await cache.get(source(), disturbed)).toEqual(content(2));
    expect(await cache.size()).toBe(0);
  });

  it('keeps nothing of a maker that fails, and names missing files', async () => {
    const cache = await openVolumeCache(join(root, 'c'));
    await expect(cache.get(source(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(join(root, 'c'))).toEqual([]);
    const missing = source({ files: [join(root, 'gone')] });
    await expect(cache.get(missing, counted(1))).rejects.toMatchObject({ code: 'not-found', where: missing.files[0] });
    const lossy = cache.get(source({ config: { spacing: Float32Array.of(1) } }), counted(1));
    await expect(lossy).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('canonicalJson', () => {
  it('is valid JSON of the same value and does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
    expect(canonicalJson({ b: 1, a: [{ d: 2, c: null }] })).toBe('{"a":[{"c":null,"d":2}],"b":1}');
  });

  it.each([[undefined], [Number.NaN], [{ a: undefined }], [new Map()], [10n], [() => 1]])('refuses %s', (value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
