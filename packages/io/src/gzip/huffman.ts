/** A table that turns the next `bits` bits of a stream into symbol << 4 | code length; 0 where no code matches. */
export interface HuffmanTable {
  readonly table: Uint16Array;
  readonly bits: number;
}

/**
 * The decoding table of canonical Huffman codes with these lengths (RFC 1951 section 3.2.2), or undefined when the lengths
 * ask for more codes than there are.
 */
export function huffmanTable(lengths: Uint8Array): HuffmanTable | undefined {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  let bits = 15;
  while (bits > 1 && counts[bits] === 0) bits--;

  const next = new Uint32Array(17);
  let left = 1;
  for (let length = 1; length <= 15; length++) {
    left = 2 * left - counts[length]!;
    if (left < 0) return undefined;
    next[length + 1] = (next[length]! + counts[length]!) << 1;
  }
  const table = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    const code = next[length]!++;
    const entry = (symbol << 4) | length;
    for (let i = reverseBits(code, length); i < table.length; i += 1 << length) table[i] = entry;
  }
  return { table, bits };
}

function reverseBits(value: number, count: number): number {
  let result = 0;
  for (let i = 0; i < count; i++) result |= ((value >>> i) & 1) << (count - 1 - i);
  return result;
}
