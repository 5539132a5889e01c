import { SegError } from '@seg/core';
import { littleEndianHost, swapBytes } from '../bytes/byte-order.ts';
import {
  type SafetensorsDtype,
  type SafetensorsFile,
  type SafetensorsTensor,
  safetensorsArrays,
} from './safetensors-types.ts';

const where = 'decodeSafetensors';

export interface DecodeSafetensorsOptions {
  /** Longest JSON header that is parsed, in bytes. Default 10 MB. */
  readonly maxHeaderBytes?: number;
  /** Most tensors that are accepted. Default 100000. */
  readonly maxTensors?: number;
}

/**
 * The tensors and metadata of a safetensors file.
 *
 * Tensors are views of `bytes` where their alignment allows it, copies elsewhere. Nothing in the file is trusted: header
 * length, names, dtypes, shapes and offsets are checked, and offsets must cover the data exactly, without overlap or gap.
 *
 * @throws SegError `corrupt-data` for anything that the format does not allow, `unsupported` for an unknown dtype,
 * `limit-exceeded` for a header above the options' limits.
 */
export function decodeSafetensors(bytes: Uint8Array, options: DecodeSafetensorsOptions = {}): SafetensorsFile {
  const { maxHeaderBytes = 10_000_000, maxTensors = 100_000 } = options;
  if (bytes.length < 8) throw corrupt('the file is shorter than its length field', bytes.length, 'at least 8 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > maxHeaderBytes) {
    throw new SegError('limit-exceeded', {
      where,
      problem: 'the header is too long',
      got: `${headerLength} bytes`,
      expected: `at most ${maxHeaderBytes}`,
      hint: 'This is no safetensors file, or raise maxHeaderBytes.',
    });
  }
  if (headerLength > bytes.length - 8) {
    throw corrupt('the header runs past the end of the file', headerLength, `at most ${bytes.length - 8} bytes`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength));
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  if (names.length > maxTensors) {
    throw new SegError('limit-exceeded', {
      where,
      problem: 'too many tensors',
      got: names.length,
      expected: `at most ${maxTensors}`,
    });
  }

  const start = 8 + headerLength;
  const entries = names.map((name) => checkEntry(name, header[name], bytes.length - start));
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of ordered) {
    if (begin !== covered) throw corrupt(`the bytes of "${name}" overlap others or leave a gap`, begin, covered);
    covered = end;
  }
  if (covered !== bytes.length - start) {
    throw corrupt('the tensors do not cover the file', bytes.length - start, covered);
  }

  const tensors: Record<string, SafetensorsTensor> = Object.create(null);
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors[name] = { dtype, shape, data: readArray(bytes, start + begin, end - begin, dtype) };
  }
  return { tensors, metadata: checkMetadata(header.__metadata__) };
}

interface Entry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the header is no valid JSON',
      hint: 'Is this a safetensors file?',
      cause,
    });
  }
  if (!isRecord(value)) throw corrupt('the header is no JSON object', value, 'an object');
  return value;
}

function checkEntry(name: string, value: unknown, available: number): Entry {
  if (!isRecord(value)) throw corrupt(`the entry of "${name}" is no object`, value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(safetensorsArrays, dtype)) {
    throw new SegError('unsupported', {
      where,
      problem: `unknown dtype of "${name}"`,
      got: dtype,
      expected: Object.keys(safetensorsArrays).join(', '),
    });
  }
  if (!isSizes(shape)) throw corrupt(`bad shape of "${name}"`, shape);
  if (!isSizes(offsets) || offsets.length !== 2) throw corrupt(`bad offsets of "${name}"`, offsets);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > available) {
    throw corrupt(`the offsets of "${name}" lie outside the file`, offsets, `0 <= begin <= end <= ${available}`);
  }
  const known = dtype as SafetensorsDtype;
  const size = shape.reduce((product, n) => product * n, safetensorsArrays[known].BYTES_PER_ELEMENT);
  if (size !== end - begin) {
    throw corrupt(`the bytes of "${name}" do not fill its shape [${shape}]`, end - begin, size);
  }
  return { name, dtype: known, shape, begin, end };
}

function checkMetadata(value: unknown): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  if (value === undefined) return metadata;
  if (!isRecord(value)) throw corrupt('__metadata__ is no object', value);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw corrupt(`metadata "${key}" is no text`, text);
    metadata[key] = text;
  }
  return metadata;
}

function readArray(bytes: Uint8Array, at: number, length: number, dtype: SafetensorsDtype): SafetensorsTensor['data'] {
  const arrayType = safetensorsArrays[dtype];
  const size = arrayType.BYTES_PER_ELEMENT;
  const inPlace = littleEndianHost && (bytes.byteOffset + at) % size === 0 && bytes.buffer instanceof ArrayBuffer;
  if (inPlace) return new arrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, length / size);
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(at, at + length));
  if (!littleEndianHost) swapBytes(copy, size);
  return new arrayType(copy.buffer, 0, length / size);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function corrupt(problem: string, got: unknown, expected?: unknown): SegError {
  return new SegError('corrupt-data', {
    where,
    problem,
    got,
    ...(expected === undefined ? {} : { expected }),
  });
}
