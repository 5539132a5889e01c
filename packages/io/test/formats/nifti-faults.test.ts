import { createVolume, isSegError, type SegErrorCode } from '@seg/core';
import { isCompressed, NIFTI1, NIFTI2, readImage as readWithLibrary } from 'nifti-reader-js';
import { describe, expect, it } from 'vitest';
import { isGzip } from '../../src/gzip/gzip-header.ts';
import { encodeNifti, parseNifti, scaledData } from '../../src/index.ts';

// Each test shows a fault of nifti-reader-js 0.8.0 and that it does not reach our readers.

const volume = createVolume(
  Int16Array.from({ length: 24 }, (_, i) => i),
  [2, 3, 4],
  { affine: [0, -2, 0, 5, 1, 0, 0, 6, 0, 0, 3, 7, 0, 0, 0, 1] },
);

function fileWith(
  version: 1 | 2,
  edit: (view: DataView) => void,
  byteOrder: 'little' | 'big' = 'little',
): Uint8Array<ArrayBuffer> {
  const bytes = encodeNifti(volume, { version, byteOrder });
  edit(new DataView(bytes.buffer));
  return bytes;
}

function libraryHeader(bytes: Uint8Array<ArrayBuffer>, version: 1 | 2): NIFTI1 | NIFTI2 {
  const header = version === 1 ? new NIFTI1() : new NIFTI2();
  header.readHeader(bytes.buffer);
  return header;
}

function codeOf(work: () => unknown): SegErrorCode | undefined {
  try {
    work();
  } catch (error) {
    if (isSegError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('faults of nifti-reader-js', () => {
  it('takes the qform where the sform has the lower code', () => {
    const bytes = fileWith(1, (view) => {
      view.setInt16(252, 3, true);
      view.setFloat32(256, 0, true);
      view.setFloat32(260, 0, true);
      view.setFloat32(264, 0, true);
    });
    expect(libraryHeader(bytes, 1).affine[0]![1]).toBeCloseTo(0);
    expect(parseNifti(bytes).affine.slice(0, 4)).toEqual([0, -2, 0, 5]);
  });

  it('guesses the byte order from the size field alone', () => {
    const bytes = fileWith(1, (view) => view.setInt32(0, 348, false));
    expect(libraryHeader(bytes, 1).dims[1]).not.toBe(4);
    expect(parseNifti(bytes).shape).toEqual([4, 3, 2]);
  });

  it('refuses a header whose size field is wrong', () => {
    const bytes = fileWith(1, (view) => view.setInt32(0, 0, true));
    expect(() => libraryHeader(bytes, 1)).toThrow();
    expect(parseNifti(bytes).shape).toEqual([4, 3, 2]);
    expect(parseNifti(bytes).warnings).toEqual(['sizeof_hdr was not 348']);
  });

  it('reads 64-bit numbers of big-endian files wrongly', () => {
    const bytes = fileWith(2, (view) => view.setBigInt64(24, 2n ** 31n + 4n, false), 'big');
    expect(libraryHeader(bytes, 2).dims[1]).not.toBe(2 ** 31 + 4);
    expect(codeOf(() => parseNifti(bytes))).toBe('limit-exceeded');
    expect(codeOf(() => parseNifti(bytes, { maxBytes: 2 ** 40 }))).toBe('corrupt-data');
  });

  it('reads negative 64-bit numbers wrongly', () => {
    const bytes = fileWith(2, (view) => view.setBigInt64(168, -544n, true));
    expect(libraryHeader(bytes, 2).vox_offset).not.toBe(-544);
    expect(codeOf(() => parseNifti(bytes))).toBe('corrupt-data');
  });

  it('joins text across its end', () => {
    const bytes = fileWith(1, (view) => {
      for (const [i, c] of [...'shown\0hidden'].entries()) view.setUint8(148 + i, c.charCodeAt(0));
    });
    expect(libraryHeader(bytes, 1).description).toBe('shownhidden');
    expect(parseNifti(bytes).header.descrip).toBe('shown');
  });

  it('fails on an extension flag without extensions', () => {
    const bytes = new Uint8Array(encodeNifti(volume, { extensions: [{ code: 6, content: new Uint8Array(40) }] }));
    new DataView(bytes.buffer).setInt32(352, 0, true);
    expect(() => libraryHeader(bytes, 1)).toThrow(TypeError);
    expect(codeOf(() => parseNifti(bytes))).toBe('corrupt-data');
    expect(parseNifti(fileWith(1, (view) => view.setUint8(348, 1))).extensions).toEqual([]);
  });

  it('accepts extensions of negative size', () => {
    const bytes = encodeNifti(volume, { extensions: [{ code: 6, content: new Uint8Array(40) }] });
    new DataView(bytes.buffer).setInt32(352, -16, true);
    expect(libraryHeader(bytes, 1).extensions[0]!.esize).toBe(-16);
    expect(codeOf(() => parseNifti(bytes))).toBe('corrupt-data');
  });

  it('counts no more than five dimensions, checks no bounds and applies no scaling or byte order', () => {
    const bytes = fileWith(
      1,
      (view) => {
        view.setInt16(40, 6, false);
        for (const [i, size] of [2, 2, 1, 2, 1, 3].entries()) view.setInt16(42 + 2 * i, size, false);
        view.setFloat32(112, 2, false);
        view.setFloat32(116, 1, false);
      },
      'big',
    );
    expect(readWithLibrary(libraryHeader(bytes, 1), bytes.buffer).byteLength).toBe(16);
    const image = parseNifti(bytes);
    expect(image.shape).toEqual([2, 2, 1, 2, 1, 3]);
    expect([...scaledData(image)]).toEqual(Array.from({ length: 24 }, (_, i) => 2 * i + 1));
    const short = bytes.slice(0, bytes.length - 1);
    expect(readWithLibrary(libraryHeader(short, 1), short.buffer).byteLength).toBe(16);
    expect(codeOf(() => parseNifti(short))).toBe('corrupt-data');
  });

  it('takes any file with one of the two gzip bytes for compressed', () => {
    const bytes = new Uint8Array([0x1f, 0, 0, 0]);
    expect(isCompressed(bytes.buffer)).toBe(true);
    expect(isGzip(bytes)).toBe(false);
  });
});
