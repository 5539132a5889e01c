import { type HuffmanTable, huffmanTable } from './huffman.ts';

/** Why a deflate stream could not be inflated. */
export type InflateFailure = 'damaged' | 'truncated' | 'too-large';

export interface Inflated {
  readonly output: Uint8Array<ArrayBuffer>;
  /** Where the bytes after the stream begin. */
  readonly end: number;
}

const lengthBase = bases([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0], 3);
const distanceBase = bases(
  [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13],
  1,
);
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function bases(extra: readonly number[], first: number): readonly (readonly [number, number])[] {
  let base = first;
  const result = extra.map((bits): readonly [number, number] => {
    const entry = [base, bits] as const;
    base += 1 << bits;
    return entry;
  });
  // Length 258 has a code of its own (285) although 284 with all bits set reaches it too.
  if (first === 3) result[28] = [258, 0];
  return result;
}

/**
 * Inflates a raw deflate stream (RFC 1951) that begins at `start`.
 *
 * Output grows from `expectedBytes` as the stream demands and never beyond `maxBytes`. In prefix mode a stream that is
 * cut gives what came out so far.
 */
export function inflate(
  bytes: Uint8Array,
  start: number,
  options: { readonly expectedBytes: number; readonly maxBytes: number; readonly prefix?: boolean },
): Inflated | InflateFailure {
  return new Inflater(bytes, start, options.expectedBytes, options.maxBytes).run(options.prefix ?? false);
}

class Inflater {
  readonly #bytes: Uint8Array;
  readonly #maxBytes: number;
  #at: number;
  #buffer = 0;
  #count = 0;
  #output: Uint8Array<ArrayBuffer>;
  #size = 0;

  constructor(bytes: Uint8Array, start: number, expectedBytes: number, maxBytes: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#maxBytes = maxBytes;
    this.#output = new Uint8Array(Math.min(maxBytes, Math.max(64, expectedBytes)));
  }

  run(prefix: boolean): Inflated | InflateFailure {
    let last = false;
    while (!last) {
      last = this.#bits(1) === 1;
      const failure = this.#block(this.#bits(2));
      const overrun = this.#at - (this.#count >> 3) > this.#bytes.length;
      if (failure === undefined && !overrun) continue;
      const reason = overrun ? 'truncated' : failure!;
      return reason === 'truncated' && prefix ? this.#result() : reason;
    }
    return this.#result();
  }

  #result(): Inflated {
    return { output: this.#output.subarray(0, this.#size), end: this.#at - (this.#count >> 3) };
  }

  #block(type: number): InflateFailure | undefined {
    if (type === 0) return this.#stored();
    if (type === 1) return this.#coded(...fixedTables());
    if (type === 3) return 'damaged';
    const tables = this.#dynamicTables();
    return tables === undefined ? 'damaged' : this.#coded(...tables);
  }

  /** The next `count` bits (at most 16); zeros past the end, which `run` notices. */
  #bits(count: number): number {
    this.#fill(count);
    const value = this.#buffer & ((1 << count) - 1);
    this.#buffer >>>= count;
    this.#count -= count;
    return value;
  }

  #fill(count: number): void {
    while (this.#count < count) {
      this.#buffer |= (this.#bytes[this.#at++] ?? 0) << this.#count;
      this.#count += 8;
    }
  }

  #stored(): InflateFailure | undefined {
    this.#bits(this.#count & 7);
    const length = this.#bits(16);
    if ((this.#bits(16) ^ length) !== 0xffff) return this.#at > this.#bytes.length ? 'truncated' : 'damaged';
    const begin = this.#at - (this.#count >> 3);
    this.#buffer = 0;
    this.#count = 0;
    const available = Math.min(length, Math.max(0, this.#bytes.length - begin));
    if (!this.#reserve(available)) return 'too-large';
    this.#output.set(this.#bytes.subarray(begin, begin + available), this.#size);
    this.#size += available;
    this.#at = begin + available;
    return available < length ? 'truncated' : undefined;
  }

  #dynamicTables(): [HuffmanTable, HuffmanTable] | undefined {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const codes = this.#bits(4) + 4;
    const codeLengths = new Uint8Array(19);
    for (let i = 0; i < codes; i++) codeLengths[codeLengthOrder[i]!] = this.#bits(3);
    const codeTable = huffmanTable(codeLengths);
    if (codeTable === undefined || literals > 286 || distances > 30) return undefined;
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length; ) {
      const symbol = this.#symbol(codeTable);
      if (symbol < 0) return undefined;
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) return undefined;
      const value = symbol === 16 ? lengths[i - 1]! : 0;
      const repeat = symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7);
      if (i + repeat > lengths.length) return undefined;
      lengths.fill(value, i, (i += repeat));
    }
    const literalTable = huffmanTable(lengths.subarray(0, literals));
    const distanceTable = huffmanTable(lengths.subarray(literals));
    return literalTable === undefined || distanceTable === undefined ? undefined : [literalTable, distanceTable];
  }

  #symbol({ table, bits }: HuffmanTable): number {
    this.#fill(bits);
    const entry = table[this.#buffer & ((1 << bits) - 1)]!;
    const length = entry & 15;
    if (length === 0) return -1;
    this.#buffer >>>= length;
    this.#count -= length;
    return entry >> 4;
  }

  /** The hot loop: state lives in local variables, which is several times faster than in fields. */
  #coded(literals: HuffmanTable, distances: HuffmanTable): InflateFailure | undefined {
    const bytes = this.#bytes;
    const inputEnd = bytes.length;
    const literalTable = literals.table;
    const literalMask = (1 << literals.bits) - 1;
    const distanceTable = distances.table;
    const distanceMask = (1 << distances.bits) - 1;
    let output = this.#output;
    let size = this.#size;
    let at = this.#at;
    let buffer = this.#buffer;
    let count = this.#count;
    let failure: InflateFailure | undefined;
    for (;;) {
      for (; count <= 22; count += 8, at++) if (at < inputEnd) buffer |= bytes[at]! << count;
      const entry = literalTable[buffer & literalMask]!;
      buffer >>>= entry & 15;
      count -= entry & 15;
      if (entry < 4096 && entry !== 0) {
        if (size === output.length) {
          this.#size = size;
          if (!this.#reserve(1)) {
            failure = 'too-large';
            break;
          }
          output = this.#output;
        }
        output[size++] = entry >> 4;
        if (at - (count >> 3) > inputEnd) {
          failure = 'truncated';
          break;
        }
        continue;
      }
      if (entry >> 4 === 256) break;
      const lengthCode = lengthBase[(entry >> 4) - 257];
      if (entry === 0 || lengthCode === undefined) {
        failure = at > inputEnd ? 'truncated' : 'damaged';
        break;
      }
      const length = lengthCode[0] + (buffer & ((1 << lengthCode[1]) - 1));
      buffer >>>= lengthCode[1];
      count -= lengthCode[1];
      for (; count <= 22; count += 8, at++) if (at < inputEnd) buffer |= bytes[at]! << count;
      const distanceEntry = distanceTable[buffer & distanceMask]!;
      const distanceCode = distanceBase[distanceEntry >> 4];
      buffer >>>= distanceEntry & 15;
      count -= distanceEntry & 15;
      for (; count <= 14; count += 8, at++) if (at < inputEnd) buffer |= bytes[at]! << count;
      if (distanceEntry === 0 || distanceCode === undefined) {
        failure = at > inputEnd ? 'truncated' : 'damaged';
        break;
      }
      const distance = distanceCode[0] + (buffer & ((1 << distanceCode[1]) - 1));
      buffer >>>= distanceCode[1];
      count -= distanceCode[1];
      if (at - (count >> 3) > inputEnd) failure = 'truncated';
      else if (distance > size) failure = 'damaged';
      if (failure !== undefined) break;
      if (size + length > output.length) {
        this.#size = size;
        if (!this.#reserve(length)) {
          failure = 'too-large';
          break;
        }
        output = this.#output;
      }
      for (const end = size + length; size < end; size++) output[size] = output[size - distance]!;
    }
    this.#size = size;
    this.#at = at;
    this.#buffer = buffer;
    this.#count = count;
    return failure;
  }

  /** Makes room for more bytes; false where the limit is reached. */
  #reserve(more: number): boolean {
    const needed = this.#size + more;
    if (needed <= this.#output.length) return true;
    if (needed > this.#maxBytes) return false;
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, 2 * this.#output.length)));
    grown.set(this.#output);
    this.#output = grown;
    return true;
  }
}

let fixed: [HuffmanTable, HuffmanTable] | undefined;

function fixedTables(): [HuffmanTable, HuffmanTable] {
  if (fixed === undefined) {
    const lengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
    fixed = [huffmanTable(lengths)!, huffmanTable(new Uint8Array(30).fill(5))!];
  }
  return fixed;
}
