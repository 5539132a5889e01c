import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parseNpy } from '../../src/formats/npy/parse-npy.ts';
import {
  decodeSafetensors,
  encodeNpy,
  encodeNpz,
  type ImageArray,
  type MedicalImage,
  parseNpz,
  toVolume,
} from '../../src/index.ts';
import { readImage, writeImage } from '../../src/node/index.ts';

interface Corpus {
  readonly images: readonly {
    readonly name: string;
    readonly open: string;
    readonly files: Readonly<Record<string, string>>;
    readonly shape: readonly number[];
    readonly dtype: string;
    readonly affine: readonly (readonly number[])[];
    readonly zooms?: readonly number[];
    readonly data: string;
  }[];
  /** Files that SimpleITK refuses. */
  readonly refused: readonly {
    readonly name: string;
    readonly open: string;
    readonly files: Readonly<Record<string, string>>;
  }[];
  readonly arrays: readonly {
    readonly name: string;
    readonly file: string;
    readonly shape: readonly number[];
    readonly dtype: string;
    readonly fortranOrder: boolean;
    readonly data: string;
  }[];
  readonly archives: readonly { readonly name: string; readonly file: string; readonly image: string }[];
  readonly tensors: readonly {
    readonly file: string;
    readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: string }>>;
  }[];
}

const packed = await readFile(new URL('../../fixtures/raster-corpus.json.gz', import.meta.url));
const corpus = JSON.parse(gunzipSync(packed).toString()) as Corpus;
const folder = await mkdtemp(join(tmpdir(), 'seg-io-'));
afterAll(() => rm(folder, { recursive: true }));

/** ITK writes direction cosines with about 16 digits but multiplies in another order. */
const affineTolerance = 1e-6;

function bytesOf(data: ImageArray): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function expectGeometry(image: MedicalImage, affine: readonly number[]): void {
  for (let i = 0; i < 16; i++) expect(Math.abs(image.affine[i]! - affine[i]!)).toBeLessThan(affineTolerance);
}

describe('readImage on NRRD and MetaImage files of other programs', () => {
  it.each(corpus.images.map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
    for (const [name, content] of Object.entries(entry.files)) {
      await writeFile(join(folder, name), Buffer.from(content, 'base64'));
    }
    const image = await readImage(join(folder, entry.open));
    expectGeometry(image, entry.affine.flat());
    entry.zooms?.forEach((zoom, i) => {
      expect(image.zooms[i]).toBeCloseTo(zoom, 9);
    });
    if (image.dtype === 'rgb24') {
      expect(toVolume(image).channels).toBe(entry.shape[3]);
      expect([...toVolume(image).data]).toEqual([...Buffer.from(entry.data, 'base64')]);
      return;
    }
    expect(image.shape).toEqual(entry.shape);
    expect(image.dtype).toBe(entry.dtype);
    expect(bytesOf(image.data).toString('base64')).toBe(entry.data);
  });
});

describe('readImage on files that SimpleITK refuses', () => {
  it.each(corpus.refused.map((entry) => [entry.name, entry] as const))('%s', async (_, { open, files }) => {
    await writeFile(join(folder, open), Buffer.from(files[open]!, 'base64'));
    const code = expect.stringMatching(/^(corrupt-data|unsupported)$/);
    await expect(readImage(join(folder, open))).rejects.toMatchObject({ code });
  });
});

describe('writeImage', () => {
  const sources = corpus.images.filter(({ name }) => /SimpleITK .* [ab]\.(nrrd)|4-D|2-D|colours mha/.test(name));
  it.each(sources.map((entry) => [entry.name, entry] as const))('%s survives every format', async (_, entry) => {
    for (const [name, content] of Object.entries(entry.files)) {
      await writeFile(join(folder, name), Buffer.from(content, 'base64'));
    }
    const image = await readImage(join(folder, entry.open));
    for (const name of ['o.nrrd', 'o.mha', 'o.nii', 'o.nii.gz', 'o.hdr']) {
      for (const compress of [true, false]) {
        const path = join(folder, name);
        await writeImage(path, image, { compress, version: 2 });
        const back = await readImage(path);
        expect(back.shape, name).toEqual(image.shape);
        expect(back.dtype, name).toBe(image.dtype);
        expect(bytesOf(back.data).equals(bytesOf(image.data)), name).toBe(true);
        expectGeometry(back, image.affine);
      }
    }
  });

  it('refuses other names', async () => {
    const image = await readImage(join(folder, 'o.nrrd'));
    await expect(writeImage(join(folder, 'o.jpg'), image)).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('parseNpy', () => {
  it.each(corpus.arrays.map((entry) => [entry.name, entry] as const))('%s', (_, entry) => {
    const file = new Uint8Array(Buffer.from(entry.file, 'base64'));
    const array = parseNpy(file);
    expect(array).toMatchObject({ shape: entry.shape, dtype: entry.dtype, fortranOrder: entry.fortranOrder });
    expect(bytesOf(array.data).toString('base64')).toBe(entry.data);
    if (array.byteOrder === 'little') expect(Buffer.from(encodeNpy(array)).equals(Buffer.from(file))).toBe(true);
  });

  // What numpy.lib.format.read_array (2.4) takes and refuses.
  const file = (header: string, version = [1, 0]) => {
    const text = Buffer.from(header.padEnd(117), 'latin1');
    const length = [text.length + 1, 0];
    const parts = [[0x93], Buffer.from('NUMPY'), version, version[0] === 1 ? length : [...length, 0, 0], text, [10]];
    return Uint8Array.from([...parts, [1, 0, 2, 0]].flatMap((part) => [...part]));
  };
  it.each([
    "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }",
    "{'shape': (2,), 'fortran_order': False, 'descr': '<u2'}",
    " {'descr': '<u2', 'fortran_order': False, 'shape': (2L,)}",
    "{'descr':'<u2','fortran_order':True,'shape':(1,2)}",
  ])('reads the header %s', (header) => {
    for (const version of [1, 2, 3]) expect([...parseNpy(file(header, [version, 0])).data]).toEqual([1, 2]);
  });
  it.each([
    "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), } x",
    "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }\0",
    "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }\u00a0",
    "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), 'more': '1'}",
    "{'descr': '<u2', 'fortran_order': False, 'shape': (2, ,)}",
    "{'descr': '<u2', 'fortran_order': False, 'shape': (2 1)}",
    "{'descr': '<u2', 'fortran_order': 'False', 'shape': (2,)}",
    "{'descr': '<u2' 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<u2', 'fortran_order': False}",
    "x{'descr': '<u2', 'fortran_order': False, 'shape': (2,)}",
  ])('refuses the header %s', (header) => {
    expect(() => parseNpy(file(header))).toThrow(expect.objectContaining({ code: 'corrupt-data' }));
  });
  it('refuses versions that do not exist', () => {
    const header = "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }";
    for (const version of [
      [0, 0],
      [1, 1],
      [4, 0],
    ]) {
      expect(() => parseNpy(file(header, version))).toThrow(expect.objectContaining({ code: 'corrupt-data' }));
    }
  });
});

describe('parseNpz', () => {
  it.each(corpus.archives.map((entry) => [entry.name, entry] as const))('reads %s', (_, entry) => {
    const arrays = parseNpz(new Uint8Array(Buffer.from(entry.file, 'base64')));
    expect(Object.keys(arrays)).toEqual(['image', 'label']);
    expect(bytesOf(arrays.image!.data).toString('base64')).toBe(entry.image);
    const again = parseNpz(encodeNpz(arrays));
    expect({ ...again }).toEqual({ ...arrays });
  });

  // zipfile.ZipFile (3.11) goes by the length of the directory and compares both names; a smaller count loses arrays.
  it.each(corpus.archives.map((entry) => [entry.name, entry] as const))('refuses contradictions in %s', (_, entry) => {
    const file = Buffer.from(entry.file, 'base64');
    const damaged = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(file);
      change(bytes);
      return () => parseNpz(bytes);
    };
    const end = file.lastIndexOf('PK\u0005\u0006');
    const refused = expect.objectContaining({ code: 'corrupt-data' });
    expect(damaged((bytes) => bytes.writeUInt16LE(1, end + 10))).toThrow(refused);
    expect(damaged((bytes) => bytes.writeUInt16LE(0, end + 10))).toThrow(refused);
    expect(damaged((bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(end + 12) - 1, end + 12))).toThrow(refused);
    expect(damaged((bytes) => bytes.write('imagf', bytes.indexOf('image.npy')))).toThrow(refused);
  });
});

describe('decodeSafetensors', () => {
  it.each(corpus.tensors.map((entry, i) => [i, entry] as const))('reads file %i of the reference', (_, entry) => {
    const { tensors, metadata } = decodeSafetensors(new Uint8Array(Buffer.from(entry.file, 'base64')));
    expect({ ...metadata }).toEqual({ format: 'np', step: '3' });
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(entry.tensors).sort());
    for (const [name, { shape, data }] of Object.entries(entry.tensors)) {
      expect(tensors[name]!.shape).toEqual(shape);
      expect(bytesOf(tensors[name]!.data).toString('base64')).toBe(data);
    }
  });
});
