import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { affineFromSpacing, createVolume } from '@seg/core';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeNifti } from '../../src/index.ts';
import { imageInfo, readImageSlabs, writeNifti } from '../../src/node/index.ts';

const folder = await mkdtemp(join(tmpdir(), 'seg-io-'));
afterAll(() => rm(folder, { recursive: true }));

const volume = createVolume(
  Int16Array.from({ length: 7 * 6 * 5 * 2 }, (_, i) => (i * 37) % 1000),
  [7, 6, 5],
  { channels: 2, affine: affineFromSpacing([1, 2, 3]) },
);
const names = ['a.nii', 'a.nii.gz', 'a.hdr', 'a.img.gz'];

async function collect(path: string, slabBytes: number): Promise<{ values: number[]; lengths: number[] }> {
  const { slabs } = await readImageSlabs(path, { slabBytes });
  const values: number[] = [];
  const lengths: number[] = [];
  for await (const { start, data } of slabs()) {
    expect(start).toBe(values.length);
    values.push(...(data as Int16Array));
    lengths.push(data.length);
  }
  return { values, lengths };
}

describe('readImageSlabs', () => {
  it.each(names)('gives the voxels of %s, in whole planes where one fits', async (name) => {
    for (const byteOrder of ['little', 'big'] as const) {
      const path = join(folder, name);
      await writeNifti(path, volume, { byteOrder });
      for (const slabBytes of [1, 22, 60, 121, 300, 10_000]) {
        const { values, lengths } = await collect(path, slabBytes);
        expect(values).toEqual([...volume.data]);
        const planes = Math.floor(slabBytes / 60);
        expect(lengths[0]).toBe(planes > 0 ? 30 * Math.min(14, planes) : Math.max(1, slabBytes >> 1));
      }
    }
  });

  it('refuses truncated and damaged files', async () => {
    const whole = encodeNifti(volume);
    const packed = gzipSync(whole);
    const cases: [string, Uint8Array, string][] = [
      ['b.nii', whole.subarray(0, whole.length - 1), 'corrupt-data'],
      ['b.nii.gz', packed.subarray(0, packed.length - 30), 'corrupt-data'],
      ['c.nii.gz', gzipSync(whole.subarray(0, whole.length - 1)), 'corrupt-data'],
      ['d.nii.gz', gzipSync(Buffer.concat([whole, Buffer.alloc(3_000_000)])), 'limit-exceeded'],
    ];
    for (const [name, bytes, code] of cases) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      await expect(collect(path, 100), name).rejects.toMatchObject({ code });
    }
  });
});

describe('imageInfo of an image above the limit for one piece', () => {
  it('reads a sparse file of 4 GiB in slabs', async () => {
    const path = join(folder, 'large.nii');
    const header = encodeNifti(createVolume(new Uint8Array(1), [1, 1, 1])).slice(0, 352);
    const view = new DataView(header.buffer);
    for (const [axis, size] of [2048, 2048, 1024].entries()) view.setInt16(42 + 2 * axis, size, true);
    await writeFile(path, header);
    await truncate(path, 352 + 2 ** 32);
    const { image, slabs } = await readImageSlabs(path);
    expect(image.shape).toEqual([2048, 2048, 1024]);
    for await (const { data } of slabs()) {
      expect(data.length).toBe(2 ** 26);
      break;
    }
    view.setInt16(46, 80, true);
    await writeFile(path, header);
    await truncate(path, 352 + 2 ** 22 * 80);
    expect(await imageInfo(path)).toMatchObject({ shape: [2048, 2048, 80], min: 0, max: 0, mean: 0 });
  });
});
