import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformPoint } from '@seg/core';
import { describe, expect, it, onTestFinished } from 'vitest';
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

interface Slice {
  readonly position?: readonly number[];
  readonly rows?: readonly number[];
  readonly series?: string;
  readonly frames?: number;
}

/** A DICOM file (explicit, little-endian) of what is said about a slice's place, with a sequence of open length before. */
function slice({ position, rows = [1, 0, 0], series = '1.2', frames }: Slice): Buffer {
  const element = (group: number, number: number, type: string, text: string) => {
    const value = Buffer.from(text.length % 2 === 0 ? text : `${text} `);
    const header = Buffer.alloc(8);
    header.writeUInt16LE(group, 0);
    header.writeUInt16LE(number, 2);
    header.write(type, 4);
    header.writeUInt16LE(value.length, 6);
    return Buffer.concat([header, value]);
  };
  const mark = (number: number, length: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(0xfffe, 0);
    bytes.writeUInt16LE(number, 2);
    bytes.writeUInt32LE(length, 4);
    return bytes;
  };
  const open = Buffer.concat([element(8, 0x1115, 'SQ', ''), Buffer.alloc(4, 255)]);
  // The series of another slice, named in the sequence, is not this one's.
  const items = [mark(0xe000, 0xffffffff), element(0x20, 0x0e, 'UI', '9.9'), mark(0xe00d, 0), mark(0xe0dd, 0)];
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0x10, 'UI', '1.2.840.10008.1.2.1'),
    open,
    ...items,
    element(0x20, 0x0e, 'UI', series),
    ...(position === undefined ? [] : [element(0x20, 0x32, 'DS', position.join('\\'))]),
    element(0x20, 0x37, 'DS', [...rows, 0, 1, 0].join('\\')),
    ...(frames === undefined ? [] : [element(0x28, 8, 'IS', `${frames}`)]),
    element(0x28, 0x10, 'US', '\u0004\0'),
  ]);
}

async function written(files: readonly Uint8Array[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'seg-dicom-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [i, file] of files.entries()) await writeFile(join(root, `${i}.dcm`), file);
  return root;
}

/** What ITK gives for three axial slices. */
function reading({ origin = [0, 0, 0] }: { readonly origin?: readonly number[] }): ItkDicom {
  const outputImage: ItkImage = {
    ...recorded,
    origin,
    spacing: [2, 1.5, 2.692582403567252],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
  return { ...replay, readImageDicomFileSeriesNode: () => Promise.resolve({ outputImage }) };
}

describe('readDicomSeries', () => {
  it('turns what ITK gives into RAS+ at the places that the slices name', () => expectSeries(replay));

  it.skipIf(itk === undefined)('reads the series by @itk-wasm/dicom where it is installed', () => expectSeries(itk!));

  it('puts slices where they say that they lie, sheared where the gantry was tilted', async () => {
    // Positions (-10, -20 + 0.4 z, z): ITK gives 2.69 mm along z, as recorded.
    const files = [0, 1, 2].map((k) => [-10, -8 + k, 30 + 2.5 * k]).map((position) => slice({ position }));
    const { affine, zooms } = await readDicomSeries(await written(files), { itk: reading({ origin: [-10, -8, 30] }) });
    const expected = [-2, 0, 0, 10, 0, -1.5, -1, 8, 0, 0, 2.5, 30, 0, 0, 0, 1];
    affine.forEach((v, i) => void expect(v).toBeCloseTo(expected[i]!, 9));
    expect(zooms[2]).toBeCloseTo(Math.hypot(1, 2.5), 12);
  });

  it.each([
    ['a slice missing', [0, 1, 3].map((k) => ({ position: [-10, -20, 30 + 2.5 * k] })), /evenly/],
    ['a slice twice', [0, 1, 1].map((k) => ({ position: [-10, -20, 30 + 2.5 * k] })), /evenly/],
    ['all slices at one place', [0, 0, 0].map(() => ({ position: [-10, -20, 30] })), /evenly/],
    ['two series', [0, 1, 2].map((k) => ({ position: [-10, -20, 30 + 2.5 * k], series: `1.${k >> 1}` })), /2 series/],
    [
      'a slice of another direction',
      [0, 1, 2].map((k) => ({ position: [-10, -20, 30 + 2.5 * k], rows: k === 1 ? [0, 1, 0] : [1, 0, 0] })),
      /directions/,
    ],
    ['slices without a place', [0, 1, 2].map(() => ({})), /where they lie/],
    ['a file of frames', [0, 1, 2].map((k) => ({ position: [0, 0, k], frames: k + 1 })), /several frames/],
    ['fewer slices than ITK has read', [0, 1].map((k) => ({ position: [-10, -20, 30 + k] })), /number of slices/],
  ])('refuses %s, which ITK reads without a word', async (_, slices, problem) => {
    const folder = await written(slices.map(slice));
    await expect(readDicomSeries(folder, { itk: reading({ origin: [-10, -20, 30] }) })).rejects.toMatchObject({
      code: 'corrupt-data',
      problem: expect.stringMatching(problem),
    });
  });

  it('refuses other files in the folder', async () => {
    const folder = await written([slice({ position: [0, 0, 0] }), Buffer.from('notes'.repeat(50)), Buffer.from('x')]);
    await expect(readDicomSeries(folder, { itk: reading({}) })).rejects.toMatchObject({ code: 'corrupt-data' });
  });

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
