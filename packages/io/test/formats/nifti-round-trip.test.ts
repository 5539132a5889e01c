import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Affine, createVolume, type Triple, type Volume } from '@seg/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  encodeNifti,
  encodeNiftiPair,
  type ImageDtype,
  type NiftiImage,
  niftiUnits,
  parseNifti,
  readNiftiHeader,
  toLabelMap,
  toVolume,
} from '../../src/index.ts';
import { readNiftiFile } from '../../src/node/files/read-nifti.ts';
import { readImage, readLabelMap, readVolume, writeNifti } from '../../src/node/index.ts';

const folder = await mkdtemp(join(tmpdir(), 'seg-io-'));
afterAll(() => rm(folder, { recursive: true }));

/** A NIfTI-1 header keeps its affine in single precision: 24 bits of the largest entry. */
const floatTolerance = 1e-5;

const shape: Triple = [2, 3, 4];
const data = Int16Array.from({ length: 24 }, (_, i) => i * 100 - 1000);

function volumeWith(affine: Affine): Volume<Int16Array> {
  return createVolume(data, shape, { affine });
}

function expectClose(ours: readonly number[], theirs: readonly number[], tolerance: number): void {
  const scale = Math.max(1, ...theirs.map(Math.abs));
  for (let i = 0; i < theirs.length; i++)
    expect(Math.abs(ours[i]! - theirs[i]!)).toBeLessThanOrEqual(tolerance * scale);
}

/** The affine that the image's qform alone says. */
function qformOf(image: NiftiImage): Affine {
  return parseNifti(encodeNifti({ ...image, header: { ...image.header, sformCode: 0 } })).affine;
}

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];
const orientations = orders.flatMap((order) =>
  Array.from({ length: 8 }, (_, flips) => ({ order, signs: [0, 1, 2].map((i) => ((flips >> i) & 1 ? -1 : 1)) })),
);

describe('encodeNifti of a volume', () => {
  it.each(orientations)('keeps orientation $order $signs in sform and qform', ({ order, signs }) => {
    const affine = [0, 1, 2].flatMap((row) => [
      ...[0, 1, 2].map((column) => (order[column] === row ? signs[column]! * (column + 1) * 1.5 : 0)),
      row * 10 - 7,
    ]);
    const full = [...affine, 0, 0, 0, 1];
    for (const version of [1, 2] as const) {
      const image = parseNifti(encodeNifti(volumeWith(full), { version }));
      expect(image.affine).toEqual(full);
      expect(image.header).toMatchObject({ sformCode: 1, qformCode: 1 });
      expectClose(qformOf(image), full, floatTolerance);
      expect(toVolume(image)).toEqual({ ...volumeWith(full), data: Float32Array.from(data) });
    }
  });

  it('keeps any rotation, spacing and shear', () => {
    const number = fc.integer({ min: -3000, max: 3000 }).map((n) => n / 1000);
    fc.assert(
      fc.property(fc.array(number, { minLength: 12, maxLength: 12 }), (entries) => {
        const affine = [...entries, 0, 0, 0, 1];
        const [a, b, c] = [0, 1, 2].map((j) => [affine[j]!, affine[4 + j]!, affine[8 + j]!]) as [
          number[],
          number[],
          number[],
        ];
        const cross = [0, 1, 2].map((i) => a[(i + 1) % 3]! * b[(i + 2) % 3]! - a[(i + 2) % 3]! * b[(i + 1) % 3]!);
        const volume = Math.abs(cross.reduce((sum, v, i) => sum + v * c[i]!, 0));
        fc.pre(volume > 0.01);
        const image = parseNifti(encodeNifti(volumeWith(affine), { version: 2 }));
        expect(image.affine).toEqual(affine.map((v) => (v === 0 ? 0 : v)));
        // Only affines at right angles can be said by a qform.
        if (image.header.qformCode === 1) expectClose(qformOf(image), affine, 1e-4);
      }),
    );
  });

  it('writes slope and intercept so that values come back', () => {
    const values = Float32Array.from(data, (v) => v * 0.5 + 3);
    const volume = createVolume(values, shape);
    const image = parseNifti(encodeNifti(volume, { dtype: 'int16', slope: 0.5, intercept: 3 }));
    expect(image).toMatchObject({ dtype: 'int16', slope: 0.5, intercept: 3, data });
    expect(toVolume(image).data).toEqual(values);
  });

  it('refuses voxels that do not fit', () => {
    for (const dtype of ['uint8', 'int8', 'uint16'] as const) {
      expect(() => encodeNifti(volumeWith([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), { dtype })).toThrow(
        /does not fit the type/,
      );
    }
    const broken = createVolume(new Float32Array([1, Number.NaN]), [1, 1, 2]);
    expect(() => encodeNifti(broken, { dtype: 'int16' })).toThrow(/does not fit/);
    expect(parseNifti(encodeNifti(broken)).data).toEqual(broken.data);
    expect(() => encodeNifti(createVolume(new Uint8Array(40000), [1, 1, 40000]), { version: 1 })).toThrow(/too long/);
    expect(parseNifti(encodeNifti(createVolume(new Uint8Array(40000), [1, 1, 40000]))).format).toBe('nifti2');
  });

  it('takes forms, units and version from a like image and leaves out what does not fit', async () => {
    const affine = [0, -2, 0, 5, 1, 0, 0, 6, 0, 0, 3, 7, 0, 0, 0, 1];
    const source = parseNifti(encodeNifti(volumeWith(affine), { description: 'name of a patient' }));
    const like = { ...source, header: { ...source.header, sformCode: 4, qformCode: 2, xyztUnits: 18, toffset: 2.5 } };
    const labels = createVolume(new Uint8Array(24).fill(1), shape, { affine });
    const result = parseNifti(encodeNifti(labels, { like }));
    expect(result.header).toMatchObject({ sformCode: 4, qformCode: 2, xyztUnits: 18, toffset: 2.5, descrip: '' });
    expect(result.affine).toEqual(like.affine);
    expect(niftiUnits(result.header)).toEqual({ space: 'mm', time: 'msec' });
    const moved = createVolume(new Uint8Array(24), shape, { affine: affine.map((v, i) => (i === 3 ? v + 1 : v)) });
    expect(parseNifti(encodeNifti(moved, { like })).affine[3]).toBe(6);
    const unformed = parseNifti(encodeNifti({ ...source, header: { ...source.header, sformCode: 0, qformCode: 0 } }));
    const cropped = createVolume(new Uint8Array(12), [1, 3, 4], { affine: unformed.affine });
    expect(parseNifti(encodeNifti(cropped, { like: unformed })).affine).toEqual(unformed.affine);
  });
});

const corpus = JSON.parse(
  gunzipSync(await readFile(new URL('../../fixtures/nifti-corpus.json.gz', import.meta.url))).toString(),
) as { entries: { name: string; files: Record<string, string>; open: string; expect: { error?: string } }[] };

describe('encodeNifti of an image', () => {
  const singles = corpus.entries.filter(
    ({ expect: { error }, files, name }) =>
      error === undefined && Object.keys(files).join() === 'a.nii' && /nifti[12]|extension|oblique|scaling/.test(name),
  );
  it.each(singles.map((entry) => [entry.name, entry] as const))('writes back %s', (_, { files }) => {
    const file = new Uint8Array(Buffer.from(files['a.nii']!, 'base64'));
    let image: NiftiImage;
    try {
      image = parseNifti(file);
    } catch {
      return;
    }
    const written = encodeNifti(image);
    const again = parseNifti(written);
    // A file with the magic of a pair is written as the single file that it is.
    const { voxOffset: _a, magic: _c, ...header } = image.header;
    const { voxOffset: _b, magic: _d, ...headerAgain } = again.header;
    expect(headerAgain).toEqual(header);
    const content = ({ extensions, data: voxels, affine, slope, intercept, shape: sizes }: NiftiImage) => ({
      extensions: extensions.map(({ code }) => code),
      voxels,
      affine,
      slope,
      intercept,
      sizes,
    });
    expect(content(again)).toEqual(content(image));
    expect(encodeNifti(again)).toEqual(written);
    const pair = encodeNiftiPair(image);
    expect(content(parseNifti(pair.header, { voxels: pair.voxels }))).toEqual(content(image));
  });

  const dtypes: ImageDtype[] = ['uint8', 'int16', 'int64', 'uint64', 'float64', 'complex64', 'rgb24', 'rgba32'];
  it.each(dtypes)('keeps %s through both versions, byte orders and forms', (dtype) => {
    const entry = corpus.entries.find(({ name }) => name === `${dtype} little nifti1`)!;
    const image = parseNifti(new Uint8Array(Buffer.from(entry.files['a.nii']!, 'base64')));
    for (const version of [1, 2] as const) {
      for (const byteOrder of ['little', 'big'] as const) {
        const back = parseNifti(encodeNifti(image, { version, byteOrder }));
        expect(back).toMatchObject({
          format: `nifti${version}`,
          byteOrder,
          dtype,
          data: image.data,
          zooms: image.zooms,
        });
        expectClose(back.affine, image.affine, 0);
      }
    }
  });

  it('leaves out text where names hide', () => {
    const image = parseNifti(encodeNifti(volumeWith([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])));
    const named: NiftiImage = {
      ...image,
      header: { ...image.header, descrip: 'Doe', auxFile: 'Doe', intentName: 'Doe', dbName: 'Doe', dataType: 'Doe' },
      extensions: [{ code: 2, content: new TextEncoder().encode('Doe') }],
    };
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
    expect(text(encodeNifti(named)).match(/Doe/g)).toHaveLength(6);
    expect(text(encodeNifti(named, { scrub: true }))).not.toContain('Doe');
  });
});

describe('writeNifti', () => {
  it('gives equal bytes for equal volumes, without time or system in the gzip header', async () => {
    const volume = volumeWith([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    await writeNifti(join(folder, 'a.nii.gz'), volume);
    await writeNifti(join(folder, 'b.nii.gz'), volume);
    const bytes = await readFile(join(folder, 'a.nii.gz'));
    expect(await readFile(join(folder, 'b.nii.gz'))).toEqual(bytes);
    expect([...bytes.subarray(3, 10)].filter((_, i) => i !== 5)).toEqual([0, 0, 0, 0, 0, 255]);
  });

  it('reads back volumes and label maps', async () => {
    const labels = createVolume(new Uint8Array(24).fill(3, 5), shape);
    for (const name of ['l.nii', 'l.nii.gz', 'l.hdr', 'l.img.gz']) {
      await writeNifti(join(folder, name), labels, { dtype: 'float32', slope: 0.5, intercept: -2 });
      expect(await readLabelMap(join(folder, name))).toEqual(labels);
      const into = new Float32Array(24);
      const volume = await readVolume(join(folder, name), { into });
      expect(volume.data).toBe(into);
      expect([...into]).toEqual([...labels.data]);
      expect((await readVolume(join(folder, name), { type: 'float64' })).data).toBeInstanceOf(Float64Array);
    }
    await expect(readVolume(join(folder, 'l.nii'), { into: new Float32Array(3) })).rejects.toMatchObject({
      code: 'shape-mismatch',
    });
  });

  it('waits for all reads when one fails before its turn', async () => {
    const path = join(folder, 'failing.nii');
    await writeNifti(path, createVolume(new Int16Array(4_000_000), [100, 200, 200]), { dtype: 'int16' });
    const file = await open(path, 'r');
    let running = 0;
    const failing = {
      async read(bytes: Uint8Array, offset: number, length: number, position: number) {
        running++;
        try {
          if (position === 0) return await file.read(bytes, offset, length, position);
          // The later reads fail at once, the first of the voxels succeeds long after.
          if (position > 2 ** 20) throw Object.assign(new Error('EIO: i/o error, read'), { syscall: 'read' });
          await new Promise((resolve) => setTimeout(resolve, 100));
          return await file.read(bytes, offset, length, position);
        } finally {
          running--;
        }
      },
    } as unknown as FileHandle;
    const { size } = await file.stat();
    await expect(readNiftiFile(path, failing, size, { scaled: 'fresh' })).rejects.toThrow('EIO');
    expect(running).toBe(0);
    await file.close();
  });

  it('scales voxels of every size while it reads, over more parts than one, and notices a file that was cut', async () => {
    const stored = Int16Array.from({ length: 130 * 110 * 90 }, (_, i) => ((i * 7919) % 60001) - 30000);
    const volume = createVolume(
      Float32Array.from(stored, (v) => v * 0.25 + 7),
      [90, 110, 130],
    );
    const equal = (a: NodeJS.TypedArray, b: NodeJS.TypedArray) =>
      a.constructor === b.constructor &&
      Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
    for (const dtype of ['int16', 'int32', 'float32'] as const) {
      for (const byteOrder of ['little', 'big'] as const) {
        const path = join(folder, `parts-${dtype}-${byteOrder}.nii`);
        const scaling = dtype === 'float32' ? {} : { slope: 0.25, intercept: 7 };
        await writeNifti(path, volume, { dtype, byteOrder, ...scaling });
        expect(equal((await readVolume(path)).data, volume.data)).toBe(true);
        const into = new Float32Array(volume.data.length);
        expect((await readVolume(path, { into })).data).toBe(into);
        expect(equal(into, volume.data)).toBe(true);
        const raw = await readImage(path);
        const numbers = { float32: volume.data, int16: stored, int32: Int32Array.from(stored) }[dtype];
        expect(equal(raw.data, numbers)).toBe(true);
        await writeFile(path, (await readFile(path)).subarray(0, 2_200_000));
        await expect(readVolume(path)).rejects.toMatchObject({ code: 'corrupt-data' });
      }
    }
  });

  it('refuses label maps that hold no labels, and names of no format', async () => {
    await writeNifti(join(folder, 'p.nii'), createVolume(new Float32Array([0.5]), [1, 1, 1]));
    await expect(readLabelMap(join(folder, 'p.nii'))).rejects.toMatchObject({ code: 'corrupt-data' });
    expect(() =>
      toLabelMap(parseNifti(encodeNifti(createVolume(new Uint8Array(2), [1, 1, 1], { channels: 2 })))),
    ).toThrow(/one channel/);
    const volume = createVolume(new Uint8Array(1), [1, 1, 1]);
    await expect(writeNifti(join(folder, 'p.txt'), volume)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(writeNifti(join(folder, 'none', 'p.nii'), volume)).rejects.toMatchObject({ code: 'io-failure' });
    await expect(readImage(folder)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(readImage('/dev/zero')).rejects.toMatchObject({ name: 'SegError' });
    await expect(readImage(join(folder, 'missing.nii'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('readNiftiHeader', () => {
  it('needs no more than the header', () => {
    const bytes = encodeNifti(createVolume(data, shape), { version: 2 });
    expect(readNiftiHeader(bytes.subarray(0, 540)).dim.slice(0, 4)).toEqual([3, 4, 3, 2]);
    expect(() => readNiftiHeader(bytes.subarray(0, 539))).toThrow(/ends inside its header/);
  });
});
