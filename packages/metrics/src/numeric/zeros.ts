/** Four bytes at a time, if the bytes begin at a multiple of four. */
export function wordsOf(bytes: Uint8Array): Uint32Array | undefined {
  if (bytes.byteOffset % 4 !== 0) return undefined;
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

/** Index of the first byte in [from, to) that is not 0, or `to`; most of a mask is 0, so words are skipped if possible. */
export function skipZeros(bytes: Uint8Array, words: Uint32Array | undefined, from: number, to: number): number {
  let i = from;
  if (words !== undefined) {
    while (i < to && (i & 3) !== 0) {
      if (bytes[i] !== 0) return i;
      i++;
    }
    const lastWord = to - 3;
    while (i < lastWord && words[i >> 2] === 0) i += 4;
  }
  while (i < to && bytes[i] === 0) i++;
  return i;
}
