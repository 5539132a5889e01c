import { gunzip, unzlib } from '../gzip/gunzip.ts';

/** The two decompressors that formats need; in Node they are zlib's. Both give at most about `expectedBytes`. */
export interface Decompressors {
  gunzip(where: string, bytes: Uint8Array, expectedBytes: number): Uint8Array;
  unzlib(where: string, bytes: Uint8Array, expectedBytes: number): Uint8Array;
}

/** Bytes that a stream may hold beyond the announced ones. */
const slackBytes = 2 ** 20;

/** Decompressors that run anywhere. */
export const portableDecompressors: Decompressors = {
  gunzip: (name, bytes, expectedBytes) => gunzip(bytes, { name, expectedBytes, maxBytes: expectedBytes + slackBytes }),
  unzlib: (where, bytes, expectedBytes) => unzlib(where, bytes, expectedBytes, expectedBytes + slackBytes),
};
