import { SegError } from '@seg/core';

/** Whether a gzip member (method deflate) begins at this byte. */
export function isGzip(bytes: Uint8Array, at = 0): boolean {
  return bytes[at] === 0x1f && bytes[at + 1] === 0x8b && bytes[at + 2] === 8;
}

/** Where the deflate stream of the gzip member at `at` begins (RFC 1952 section 2.3). */
export function skipGzipHeader(where: string, bytes: Uint8Array, at: number): number {
  const flags = bytes[at + 3];
  let next = at + 10;
  if (!isGzip(bytes, at) || flags === undefined || (flags & 0xe0) !== 0) throw damaged(where);
  if (flags & 4) next += 2 + (bytes[next]! | (bytes[next + 1]! << 8));
  if (flags & 8) next = afterZero(bytes, next);
  if (flags & 16) next = afterZero(bytes, next);
  if (flags & 2) next += 2;
  if (!(next <= bytes.length)) throw damaged(where);
  return next;
}

function afterZero(bytes: Uint8Array, from: number): number {
  const zero = bytes.indexOf(0, from);
  return zero < 0 ? bytes.length + 1 : zero + 1;
}

function damaged(where: string): SegError {
  return new SegError('corrupt-data', { where, problem: 'the gzip header is damaged', hint: 'Fetch the file again.' });
}
