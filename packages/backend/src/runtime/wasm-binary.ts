import { SegError } from '@seg/core';

const memorySection = 5;
const importSection = 2;
const memoryKind = 2;
const hasMaximum = 1;
const sharedWithMaximum = 3;

/**
 * A copy of a WebAssembly binary whose one memory, defined or imported, is declared shared or not.
 *
 * Only one byte differs between the two, as long as the code uses no atomic operations; so one build serves pages
 * with and without threads, and tfjs's single-threaded build can live in memory that our threads share.
 * @param mostPages a lower limit for its growth, in pages of 64 KiB; default: the binary's own
 * @throws SegError `unsupported` when the binary has no memory with a maximum.
 */
export function declareMemory(
  binary: Uint8Array,
  shared: boolean,
  mostPages = Number.POSITIVE_INFINITY,
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(binary);
  const reader = new Reader(copy, 8);
  while (reader.at < copy.length) {
    const id = copy[reader.at++];
    const end = reader.number() + reader.at;
    const flag =
      id === memorySection ? memoryFlag(reader) : id === importSection ? importedMemoryFlag(reader) : undefined;
    if (flag !== undefined) {
      if (copy[flag] !== hasMaximum && copy[flag] !== sharedWithMaximum) break;
      copy[flag] = shared ? sharedWithMaximum : hasMaximum;
      limitPages(new Reader(copy, flag + 1), mostPages);
      return copy;
    }
    reader.at = end;
  }
  throw new SegError('unsupported', {
    where: 'startBackend',
    problem: 'a WebAssembly binary has no memory that can be shared',
    hint: 'Check that @tensorflow/tfjs-backend-wasm is version 4.22, or start with threads: 1.',
  });
}

/** The bytes of a base64 text. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** An unsigned number in LEB128. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  skipName(): void {
    const length = this.number();
    this.at += length;
  }
}

/** Lowers the maximum that stands after the minimum, in as many bytes as it has. */
function limitPages(reader: Reader, mostPages: number): void {
  reader.number();
  const start = reader.at;
  let left = Math.min(reader.number(), mostPages);
  for (let at = start; at < reader.at; at++) {
    reader.bytes[at] = (left % 128) + (at < reader.at - 1 ? 128 : 0);
    left = Math.floor(left / 128);
  }
}

function memoryFlag(reader: Reader): number | undefined {
  return reader.number() > 0 ? reader.at : undefined;
}

function importedMemoryFlag(reader: Reader): number | undefined {
  for (let left = reader.number(); left > 0; left--) {
    reader.skipName();
    reader.skipName();
    const kind = reader.bytes[reader.at++]!;
    if (kind === memoryKind) return reader.at;
    if (kind === 0)
      reader.number(); // a function: its type
    else if (kind === 3)
      reader.at += 2; // a global: type and mutability
    else return undefined; // a table: none of our modules imports one before its memory
  }
  return undefined;
}
