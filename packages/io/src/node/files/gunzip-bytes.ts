import { constants, crc32, inflateRawSync, type Zlib } from 'node:zlib';
import { SegError } from '@seg/core';
import { isGzip, skipGzipHeader } from '../../gzip/gzip-header.ts';

/** Deflate never shrinks data by more than this: 258 bytes from two bits. */
export const maxDeflateRatio = 1032;

/** Bytes beyond the announced ones that a stream may hold before it is taken for a bomb. */
const slackBytes = 2 ** 20;

type WithInfo = { readonly buffer: Buffer<ArrayBuffer>; readonly engine: Zlib };

/**
 * The uncompressed bytes of a gzip file, `expectedBytes` of them and at most 1 MiB more; all members, each with its
 * checksum verified. Bytes after the last member are ignored, as gzip itself does.
 *
 * @throws SegError `corrupt-data` for damaged or truncated streams, `limit-exceeded` for streams that grow beyond.
 */
export function gunzipBytes(where: string, bytes: Uint8Array, expectedBytes: number): Uint8Array<ArrayBuffer> {
  if (expectedBytes > bytes.length * maxDeflateRatio)
    throw damaged(where, 'the compressed file is too short for its voxels');
  const limit = expectedBytes + slackBytes;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  let at = 0;
  do {
    const start = skipGzipHeader(where, bytes, at);
    const { buffer, engine } = inflate(where, bytes.subarray(start), {
      chunkSize: Math.max(64, Math.min(limit - total + 64, total === 0 ? expectedBytes + 64 : 2 ** 20)),
      maxOutputLength: limit - total + 1,
    });
    at = start + engine.bytesWritten;
    checkTrailer(where, bytes, at, buffer);
    at += 8;
    parts.push(buffer);
    total += buffer.length;
  } while (at < bytes.length && isGzip(bytes, at));
  if (total > limit) throw tooLarge(where, limit);
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(total);
  let done = 0;
  for (const part of parts) {
    joined.set(part, done);
    done += part.length;
  }
  return joined;
}

/** The first bytes of a gzip file of which only a beginning is given: as many as come out, whatever follows. */
export function gunzipPrefix(where: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: Buffer<ArrayBuffer>[] = [];
  let at = 0;
  do {
    const start = at === 0 ? skipGzipHeader(where, bytes, 0) : laterMember(where, bytes, at);
    if (start === undefined) break;
    const { buffer, engine } = inflate(where, bytes.subarray(start), { finishFlush: constants.Z_SYNC_FLUSH });
    parts.push(buffer);
    at = start + engine.bytesWritten + 8;
  } while (at < bytes.length && isGzip(bytes, at));
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** Start of a member's data, undefined where its header may be cut: it is checked when the whole file is inflated. */
function laterMember(where: string, bytes: Uint8Array, at: number): number | undefined {
  try {
    return skipGzipHeader(where, bytes, at);
  } catch {
    return undefined;
  }
}

function inflate(where: string, bytes: Uint8Array, options: Parameters<typeof inflateRawSync>[1]): WithInfo {
  try {
    return inflateRawSync(bytes, { ...options, info: true }) as unknown as WithInfo;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(where, undefined, cause);
    throw damaged(where, 'the compressed data is damaged or truncated', cause);
  }
}

function checkTrailer(where: string, bytes: Uint8Array, at: number, data: Uint8Array): void {
  if (at + 8 > bytes.length) throw damaged(where, 'the compressed file ends inside its checksum');
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  if (view.getUint32(0, true) !== crc32(data) || view.getUint32(4, true) !== data.length % 2 ** 32) {
    throw damaged(where, 'the checksum of the compressed data is wrong');
  }
}

function damaged(where: string, problem: string, cause?: unknown): SegError {
  return new SegError('corrupt-data', {
    where,
    problem,
    ...(cause instanceof Error ? { got: cause.message } : {}),
    hint: 'Fetch the file again.',
    cause,
  });
}

function tooLarge(where: string, limit: number | undefined, cause?: unknown): SegError {
  return new SegError('limit-exceeded', {
    where,
    problem: 'the compressed file holds far more data than its header announces',
    ...(limit === undefined ? {} : { expected: `at most ${limit} bytes` }),
    hint: 'It may be a decompression bomb.',
    cause,
  });
}
