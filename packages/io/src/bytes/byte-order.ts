/** Whether typed arrays of this machine are little-endian (true nearly everywhere). */
export const littleEndianHost: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Reverses the bytes of every element of the given size (1, 2, 4 or 8 bytes), in place; trailing bytes stay. */
export function swapBytes(bytes: Uint8Array, elementSize: number): void {
  if (elementSize === 1) return;
  if (elementSize === 2 && bytes.byteOffset % 2 === 0) {
    const words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
    for (let i = 0; i < words.length; i++) {
      const v = words[i]!;
      words[i] = (v << 8) | (v >>> 8);
    }
    return;
  }
  if (elementSize === 4 && bytes.byteOffset % 4 === 0) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    for (let i = 0; i < words.length; i++) words[i] = swapWord(words[i]!);
    return;
  }
  if (elementSize === 8 && bytes.byteOffset % 4 === 0) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, (bytes.length >> 3) * 2);
    for (let i = 0; i < words.length; i += 2) {
      const low = words[i]!;
      words[i] = swapWord(words[i + 1]!);
      words[i + 1] = swapWord(low);
    }
    return;
  }
  for (let start = 0; start + elementSize <= bytes.length; start += elementSize) {
    for (let a = start, b = start + elementSize - 1; a < b; a++, b--) {
      const v = bytes[a]!;
      bytes[a] = bytes[b]!;
      bytes[b] = v;
    }
  }
}

function swapWord(v: number): number {
  return ((v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24)) >>> 0;
}
