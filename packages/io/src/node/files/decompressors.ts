import { inflateSync } from 'node:zlib';
import { SegError } from '@seg/core';
import type { Decompressors } from '../../formats/decompress.ts';
import { gunzipBytes, maxDeflateRatio } from './gunzip-bytes.ts';

/** Decompressors by Node's zlib. */
export const nodeDecompressors: Decompressors = {
  gunzip: gunzipBytes,
  unzlib(where, bytes, expectedBytes) {
    if (expectedBytes > bytes.length * maxDeflateRatio) {
      throw new SegError('corrupt-data', { where, problem: 'the compressed data is too short for its voxels' });
    }
    try {
      return inflateSync(bytes, { chunkSize: expectedBytes + 64, maxOutputLength: expectedBytes + 2 ** 20 });
    } catch (cause) {
      const large = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      throw new SegError(large ? 'limit-exceeded' : 'corrupt-data', {
        where,
        problem: large ? 'the compressed data is larger than its header announces' : 'the compressed data is damaged',
        got: cause instanceof Error ? cause.message : cause,
        hint: 'Fetch the file again.',
        cause,
      });
    }
  },
};
