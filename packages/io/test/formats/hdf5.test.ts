import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toLabelMap, toVolume } from '../../src/index.ts';
import { readHdf5 } from '../../src/node/index.ts';

const path = fileURLToPath(new URL('../../fixtures/ua-mt.h5', import.meta.url));
const other = fileURLToPath(new URL('../../fixtures/raster-corpus.json.gz', import.meta.url));

/** Value that the generator stored at x, y, z. */
const at = (x: number, y: number, z: number) => 100 * x + 10 * y + z;

describe('readHdf5', () => {
  it('reads image and label in the layout of UA-MT', async () => {
    const { image, label } = await readHdf5(path);
    expect(image!.shape).toEqual([4, 3, 2]);
    const volume = toVolume(image!);
    const mask = toLabelMap(label!);
    expect(volume.shape).toEqual([2, 3, 4]);
    for (let z = 0; z < 2; z++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 4; x++) {
          expect(volume.data[(z * 3 + y) * 4 + x]).toBe(at(x, y, z));
          expect(mask.data[(z * 3 + y) * 4 + x]).toBe(Number(x > 1));
        }
      }
    }
  });

  it('reads arrays with z first as they lie', async () => {
    const { image } = await readHdf5(path, { datasets: ['image'], axes: 'zyx' });
    expect(image!.shape).toEqual([2, 3, 4]);
    expect([...(image!.data as Float32Array).subarray(0, 3)]).toEqual([at(0, 0, 0), at(0, 0, 1), at(0, 1, 0)]);
  });

  it('reads big-endian integers and booleans', async () => {
    const images = await readHdf5(path, { datasets: ['swapped/image', 'mask'], axes: 'zyx' });
    expect(images['swapped/image']).toMatchObject({ dtype: 'int16', byteOrder: 'big' });
    expect([...(images['swapped/image']!.data as Int16Array).subarray(0, 3)]).toEqual([0, 1, 10]);
    expect([...(images.mask!.data as Int8Array)].reduce((sum, v) => sum + v, 0)).toBe(12);
  });

  // h5py 3.16 refuses the file with any of these bytes inverted: HDF5 itself only prints that it could not read.
  it.each([1615, 1632, 1667, 1675, 1685, 6240, 6250, 8192, 8199, 8217, 8240, 8256, 8272, 8288])(
    'refuses the file with byte %i damaged',
    async (at) => {
      const folder = await mkdtemp(join(tmpdir(), 'seg-hdf5-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const damaged = await readFile(path);
      damaged[at]! ^= 255;
      await writeFile(join(folder, 'damaged.h5'), damaged);
      await expect(readHdf5(join(folder, 'damaged.h5'))).rejects.toMatchObject({ code: 'corrupt-data' });
    },
  );

  it('refuses what it cannot read', async () => {
    await expect(readHdf5(path, { datasets: ['nothing'] })).rejects.toMatchObject({ code: 'not-found' });
    await expect(readHdf5(path, { datasets: ['text'] })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(readHdf5(path, { maxBytes: 8 })).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(readHdf5(other)).rejects.toMatchObject({ code: 'corrupt-data' });
    await expect(readHdf5(`${path}.missing`)).rejects.toMatchObject({ code: 'not-found' });
  });
});
