import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createVolume, type Rng, type Volume } from '@seg/core';

import { encodeMetaImage, encodeNifti, encodeNpy, encodeNrrd } from '../../src/index.ts';

/** A valid file that mutations start from; pairs have a second file. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Bytes at the beginning that decide on everything. */
  readonly headerBytes: number;
  readonly other?: { readonly name: string; readonly bytes: Uint8Array };
}

interface CorpusEntry {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly open: string;
  readonly expect: { readonly error?: string };
}

function volume(): Volume {
  return createVolume(
    Float32Array.from({ length: 504 }, (_, i) => Math.sin(i) * 100),
    [7, 8, 9],
  );
}

/** Valid files of every format, and those of the conformance corpus that nibabel reads. */
export function fuzzSeeds(): Seed[] {
  const packed = readFileSync(new URL('../../fixtures/nifti-corpus.json.gz', import.meta.url));
  const { entries } = JSON.parse(gunzipSync(packed).toString()) as { readonly entries: CorpusEntry[] };
  const seeds: Seed[] = [];
  for (const { files, open, expect } of entries) {
    if (expect.error !== undefined) continue;
    const names = Object.keys(files);
    const bytes = new Uint8Array(Buffer.from(files[open]!, 'base64'));
    if (bytes.length > 20_000) continue;
    const other = names.find((name) => name !== open);
    const rest = other === undefined ? {} : { other: { name: other, bytes: Buffer.from(files[other]!, 'base64') } };
    seeds.push({ name: open, bytes, headerBytes: 560, ...rest });
  }
  const source = volume();
  const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
  const more: [string, Uint8Array, number][] = [
    ['a.nii.gz', gzip(encodeNifti(source, { extensions: [{ code: 6, content: new Uint8Array(100) }] })), 560],
    ['a.nrrd', encodeNrrd(source), 300],
    ['a.nrrd', encodeNrrd(source, { gzip }), 300],
    ['a.mha', encodeMetaImage(source), 350],
    ['a.npy', encodeNpy({ shape: [7, 8, 9], data: source.data as Float32Array }), 128],
  ];
  for (const [name, bytes, headerBytes] of more) {
    for (let i = 0; i < 40; i++) seeds.push({ name, bytes, headerBytes });
  }
  return seeds;
}

const tellingBytes = [0, 1, 2, 8, 16, 0x7f, 0x80, 0xff, 0x30, 0x39, 0x2d, 0x20, 0x0a];

/** A damaged copy of a file; a compressed one is sometimes damaged below its compression. */
export function mutate(seed: Seed, rng: Rng): Uint8Array {
  const { bytes } = seed;
  const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (compressed && rng.integer(3) > 0) {
    try {
      return new Uint8Array(gzipSync(damage(gunzipSync(bytes), seed.headerBytes, rng), { level: 1 }));
    } catch {
      return damage(bytes, bytes.length, rng);
    }
  }
  return damage(bytes, compressed ? bytes.length : seed.headerBytes, rng);
}

function damage(bytes: Uint8Array, headerBytes: number, rng: Rng): Uint8Array {
  let result = new Uint8Array(bytes);
  const changes = 1 + rng.integer(4);
  for (let i = 0; i < changes && result.length > 0; i++) {
    const at = rng.integer(rng.integer(4) > 0 ? Math.min(headerBytes, result.length) : result.length);
    switch (rng.integer(8)) {
      case 0:
        result = result.slice(0, at);
        break;
      case 1: {
        const length = rng.integer(16);
        result = new Uint8Array([...result.subarray(0, at), ...new Uint8Array(length), ...result.subarray(at)]);
        break;
      }
      case 2:
        result.copyWithin(at, rng.integer(result.length), rng.integer(result.length));
        break;
      case 3:
        result[at]! ^= 1 << rng.integer(8);
        break;
      case 4:
        for (let k = 0; k < 4; k++) result[at + k] = rng.integer(256);
        break;
      case 5:
        result.fill(tellingBytes[rng.integer(tellingBytes.length)]!, at, at + 1 + rng.integer(8));
        break;
      default:
        result[at] = tellingBytes[rng.integer(tellingBytes.length)]!;
    }
  }
  return result;
}
