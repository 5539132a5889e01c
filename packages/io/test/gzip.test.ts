import { constants, deflateRawSync, deflateSync, gzipSync, crc32 as zlibCrc32 } from 'node:zlib';
import { isSegError } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../src/gzip/crc32.ts';
import { gunzip, unzlib } from '../src/gzip/gunzip.ts';
import { inflate } from '../src/gzip/inflate.ts';
import { readZip } from '../src/zip/read-zip.ts';
import { writeZip } from '../src/zip/write-zip.ts';

/** Bytes with runs, repeats and noise, as compressors like and dislike them. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.nat(5000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE),
});

describe('gunzip and unzlib', () => {
  it('invert zlib', () => {
    fc.assert(
      fc.property(content, options, (bytes, how) => {
        expect(Buffer.from(gunzip(new Uint8Array(gzipSync(bytes, how)))).equals(Buffer.from(bytes))).toBe(true);
        const packed = new Uint8Array(deflateSync(bytes, how));
        expect(Buffer.from(unzlib('test', packed, 0, 2 ** 20)).equals(Buffer.from(bytes))).toBe(true);
        expect(crc32(bytes)).toBe(zlibCrc32(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('join members and ignore what follows them', () => {
    const [a, b] = [gzipSync('one, '), gzipSync('two')];
    const text = (parts: Uint8Array[]) => new TextDecoder().decode(gunzip(new Uint8Array(Buffer.concat(parts))));
    expect(text([a, b])).toBe('one, two');
    expect(text([a, b, new Uint8Array(20)])).toBe('one, two');
    expect(text([new TextEncoder().encode('plain')])).toBe('plain');
  });

  it('refuse every damaged or shortened stream, or give the same bytes', () => {
    const bytes = new Uint8Array(5000).map((_, i) => (i * i) % 251);
    const packed = new Uint8Array(gzipSync(bytes));
    const damage = fc.record({ at: fc.nat(packed.length - 1), bit: fc.nat(7), cut: fc.nat(packed.length) });
    fc.assert(
      fc.property(damage, fc.boolean(), ({ at, bit, cut }, shorten) => {
        const broken = packed.slice(0, shorten ? cut : packed.length);
        if (!shorten) broken[at]! ^= 1 << bit;
        let result: Uint8Array | undefined;
        try {
          result = gunzip(broken);
        } catch (error) {
          expect(isSegError(error, 'corrupt-data')).toBe(true);
        }
        // Without its first three bytes it is no gzip file; name, time and system of the header carry no data.
        const telling = shorten ? cut > 2 && cut < packed.length : at > 9;
        if (telling && result !== undefined) expect(result).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('stop at the limit', () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(2 ** 24)));
    expect(() => gunzip(bomb, { maxBytes: 1000 })).toThrow(/more than is allowed/);
  });

  it('give the beginning of a stream that is cut', () => {
    const bytes = new Uint8Array(20_000).map((_, i) => (i * 7) % 13);
    const packed = new Uint8Array(deflateRawSync(bytes));
    const result = inflate(packed.subarray(0, packed.length >> 1), 0, {
      expectedBytes: 100,
      maxBytes: 1e6,
      prefix: true,
    });
    expect(typeof result).toBe('object');
    const { output } = result as { output: Uint8Array };
    expect(output).toEqual(bytes.subarray(0, output.length));
  });
});

describe('readZip', () => {
  it('returns what writeZip stored', () => {
    const files = [
      ['a.txt', new TextEncoder().encode('text')],
      ['folder/ü', new Uint8Array(0)],
    ] as const;
    const archive = writeZip(files);
    expect([...readZip(archive)]).toEqual(files);
    archive[36] = 0;
    expect(() => readZip(archive)).toThrow(/checksum/);
    expect(() => readZip(archive.subarray(5))).toThrow();
    expect(() => readZip(writeZip(files), { maxBytes: 3 })).toThrow(/too much/);
    expect(() => readZip(writeZip(files), { maxFiles: 1 })).toThrow(/too many/);
  });

  it('answers damaged archives with a value or a SegError', () => {
    const archive = writeZip([['a.npy', new Uint8Array(50).fill(3)]]);
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.nat(255), fc.nat(archive.length), (at, value, cut) => {
        const broken = archive.slice(cut % 7 === 0 ? cut : 0);
        broken[at] = value;
        try {
          readZip(broken);
        } catch (error) {
          expect(isSegError(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
