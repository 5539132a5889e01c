import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformPoint } from '@seg/core';
import { describe, expect, it } from 'vitest';
import type { ItkImage } from '../../src/formats/image-of-itk.ts';
import { toLabelMap, toVolume } from '../../src/index.ts';
import { type ItkDicom, readDicomSegmentation, readDicomSeries } from '../../src/node/index.ts';

const folder = fileURLToPath(new URL('../../fixtures/dicom', import.meta.url));

/** What @itk-wasm/dicom 7.6.4 gives for the folder. */
const recorded: ItkImage = {
  imageType: { dimension: 3, componentType: 'int32', components: 1 },
  origin: [15, 20, 30],
  spacing: [2, 1.5, 2.5],
  direction: [0, 0, -1, 1, 0, 0, 0, -1, 0],
  size: [5, 4, 3],
  data: Int32Array.from({ length: 60 }, (_, i) => {
    const [x, y, z] = [i % 5, Math.floor(i / 5) % 4, Math.floor(i / 20)];
    return (100 * (2 - z) + 10 * y + x) * 2 - 1000;
  }),
};

const replay: ItkDicom = {
  readImageDicomFileSeriesNode: ({ inputImages }) =>
    inputImages.length === 3 ? Promise.resolve({ outputImage: recorded }) : Promise.reject(new Error('no series')),
  readSegmentationNode: () => Promise.resolve({ segImage: recorded, metaInfo: { segments: 1 } }),
};

/** The parsers are large, so the workspace does not install them; SEG_TEST_ITK may name the file to import instead. */
async function installed(): Promise<ItkDicom | undefined> {
  const { SEG_TEST_ITK: file } = process.env;
  const name = file === undefined ? '@itk-wasm/dicom' : pathToFileURL(file).href;
  try {
    return (await import(/* @vite-ignore */ name)) as ItkDicom;
  } catch (cause) {
    if (file !== undefined) throw cause;
    return undefined;
  }
}

const itk = await installed();

async function expectSeries(module: ItkDicom): Promise<void> {
  const image = await readDicomSeries(folder, { itk: module });
  expect(image.shape).toEqual([5, 4, 3]);
  const volume = toVolume(image);
  for (let k = 0; k < 3; k++) {
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 5; x++) {
        // ITK counts slices along its third axis, which may run against the order of the file.
        const [right, front, head] = [-(10 + 2.5 * k), -(20 + 2 * x), 30 - 1.5 * y];
        const value = (100 * k + 10 * y + x) * 2 - 1000;
        const z = [0, 1, 2].find((slice) => Math.abs(transformPoint(image.affine, [x, y, slice])[0] - right) < 1e-9)!;
        const point = transformPoint(image.affine, [x, y, z]);
        expect(point[1]).toBeCloseTo(front, 9);
        expect(point[2]).toBeCloseTo(head, 9);
        expect(volume.data[(z * 4 + y) * 5 + x]).toBe(value);
      }
    }
  }
}

describe('readDicomSeries', () => {
  it('turns what ITK gives into RAS+ at the places that the slices name', () => expectSeries(replay));

  it.skipIf(itk === undefined)('reads the series by @itk-wasm/dicom where it is installed', () => expectSeries(itk!));

  it('explains failures', async () => {
    await expect(readDicomSeries([`${folder}/s0.dcm`], { itk: replay })).rejects.toMatchObject({
      code: 'corrupt-data',
      got: 'no series',
    });
    await expect(readDicomSeries([], { itk: replay })).rejects.toMatchObject({ code: 'not-found' });
    await expect(readDicomSeries(`${folder}/none`, { itk: replay })).rejects.toMatchObject({ code: 'not-found' });
    const odd = { ...recorded, imageType: { ...recorded.imageType, componentType: 'int31' } };
    const module = { ...replay, readImageDicomFileSeriesNode: () => Promise.resolve({ outputImage: odd }) };
    await expect(readDicomSeries(folder, { itk: module })).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('readDicomSegmentation', () => {
  it('gives the map and its description', async () => {
    const { image, info } = await readDicomSegmentation('seg.dcm', { itk: replay });
    expect(image).toMatchObject({ format: 'dicom', shape: [5, 4, 3], dtype: 'int32' });
    expect(info).toEqual({ segments: 1 });
  });

  it.skipIf(itk === undefined)('reads what highdicom wrote, by @itk-wasm/dicom where it is installed', async () => {
    const file = fileURLToPath(new URL('../../fixtures/dicom-seg.dcm', import.meta.url));
    const { image, info } = await readDicomSegmentation(file, { itk: itk! });
    expect(image.shape).toEqual([5, 4, 3]);
    const map = toLabelMap(image);
    for (let z = 0; z < 3; z++) {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 5; x++) {
          const [right, front, head] = transformPoint(image.affine, [x, y, z]);
          // The generator's slice, row and column of this place.
          const [k, row, column] = [(-right - 10) / 2.5, (30 - head) / 1.5, (-front - 20) / 2].map(Math.round);
          const expected = k === 2 && column === 4 ? 2 : row === 1 ? 1 : 0;
          expect(map.data[(z * 4 + y) * 5 + x], `slice ${k}, row ${row}, column ${column}`).toBe(expected);
        }
      }
    }
    expect(info).toMatchObject({ segmentAttributes: [[{ SegmentLabel: 'row' }, { SegmentLabel: 'column' }]] });
  });
});
