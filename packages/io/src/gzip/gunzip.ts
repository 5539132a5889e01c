import { SegError } from '@seg/core';
import { defaultMaxBytes } from '../formats/voxel-bytes.ts';
import { crc32 } from './crc32.ts';
import { isGzip, skipGzipHeader } from './gzip-header.ts';
import { type Inflated, type InflateFailure, inflate } from './inflate.ts';

export interface GunzipOptions {
  /** Most bytes that may come out. Default 8 GiB. */
  readonly maxBytes?: number;
  /** Bytes that are expected to come out, which saves copies. Default: four times the input. */
  readonly expectedBytes?: number;
  /** What errors call the data. Default `gunzip`. */
  readonly name?: string;
}

/**
 * The uncompressed bytes of a gzip file: all its members, each with its checksum verified; what follows them is ignored.
 * Plain bytes are returned as they are. Runs anywhere; in Node the readers of `@seg/io/node` are faster.
 *
 * @throws SegError `corrupt-data` for damaged or truncated data, `limit-exceeded` when more than `maxBytes` come out.
 *
 * @example
 * const image = parseNifti(gunzip(new Uint8Array(await file.arrayBuffer())));
 */
export function gunzip(bytes: Uint8Array, options: GunzipOptions = {}): Uint8Array {
  const { maxBytes = defaultMaxBytes, expectedBytes = 4 * bytes.length, name: where = 'gunzip' } = options;
  if (!isGzip(bytes)) return bytes;
  const parts: Uint8Array[] = [];
  let total = 0;
  let at = 0;
  do {
    const { output, end } = checked(
      where,
      inflate(bytes, skipGzipHeader(where, bytes, at), { expectedBytes, maxBytes: maxBytes - total }),
    );
    if (end + 8 > bytes.length) throw failure(where, 'truncated');
    const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, 8);
    if (trailer.getUint32(0, true) !== crc32(output) || trailer.getUint32(4, true) !== output.length % 2 ** 32) {
      throw failure(where, 'damaged');
    }
    parts.push(output);
    total += output.length;
    at = end + 8;
  } while (isGzip(bytes, at));
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(total);
  let done = 0;
  for (const part of parts) {
    joined.set(part, done);
    done += part.length;
  }
  return joined;
}

/** The uncompressed bytes of a zlib stream (RFC 1950), checksum verified. */
export function unzlib(where: string, bytes: Uint8Array, expectedBytes: number, maxBytes: number): Uint8Array {
  const header = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if ((header & 0x0f00) !== 0x0800 || header % 31 !== 0 || (header & 0x20) !== 0) throw failure(where, 'damaged');
  const { output, end } = checked(where, inflate(bytes, 2, { expectedBytes, maxBytes }));
  if (end + 4 > bytes.length) throw failure(where, 'truncated');
  if (new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0) !== adler32(output)) {
    throw failure(where, 'damaged');
  }
  return output;
}

function checked(where: string, result: Inflated | InflateFailure): Inflated {
  if (typeof result === 'string') throw failure(where, result);
  return result;
}

const problems: Readonly<Record<InflateFailure, string>> = {
  damaged: 'the compressed data is damaged',
  truncated: 'the compressed data ends too early',
  'too-large': 'the compressed data holds more than is allowed',
};

function failure(where: string, reason: InflateFailure): SegError {
  return new SegError(reason === 'too-large' ? 'limit-exceeded' : 'corrupt-data', {
    where,
    problem: problems[reason],
    hint:
      reason === 'too-large' ? 'It may be a decompression bomb; raise maxBytes if it is trusted.' : 'Fetch it again.',
  });
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  // 5552 is the longest run whose sums stay below 2^32.
  for (let start = 0; start < bytes.length; start += 5552) {
    const end = Math.min(start + 5552, bytes.length);
    for (let i = start; i < end; i++) b += a += bytes[i]!;
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}
