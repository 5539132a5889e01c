import { isSegError, type SegErrorCode } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsDtype,
  type SafetensorsTensor,
} from '../../src/index.ts';
import { safetensorsArrays } from '../../src/safetensors/safetensors-types.ts';

/** A file put together by hand from a header and data, so that every field can be wrong. */
function file(header: unknown, data: Uint8Array = new Uint8Array(0), length?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

function codeOf(work: () => unknown): SegErrorCode | undefined {
  try {
    work();
  } catch (error) {
    if (isSegError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('encodeSafetensors', () => {
  it('lays out a file as the format says', () => {
    const bytes = encodeSafetensors(
      {
        b: { dtype: 'U8', shape: [3], data: new Uint8Array([7, 8, 9]) },
        a: { dtype: 'F32', shape: [1, 2], data: new Float32Array([1, -2]) },
      },
      { metadata: { step: '5' } },
    );
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { step: '5' },
      a: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
      b: { dtype: 'U8', shape: [3], data_offsets: [8, 11] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7, 8, 9]);
  });

  it('gives equal bytes for equal tensors in any order', () => {
    const a: SafetensorsTensor = { dtype: 'I16', shape: [], data: new Int16Array([4]) };
    const b: SafetensorsTensor = { dtype: 'I16', shape: [0, 3], data: new Int16Array(0) };
    expect(encodeSafetensors({ a, b })).toEqual(encodeSafetensors({ b, a }));
  });

  it('refuses tensors that contradict themselves', () => {
    const data = new Float32Array(3);
    expect(codeOf(() => encodeSafetensors({ a: { dtype: 'F32', shape: [2], data } }))).toBe('shape-mismatch');
    expect(codeOf(() => encodeSafetensors({ a: { dtype: 'I32', shape: [3], data } }))).toBe('invalid-argument');
    expect(codeOf(() => encodeSafetensors({ a: { dtype: 'F32', shape: [-3], data } }))).toBe('invalid-argument');
    expect(codeOf(() => encodeSafetensors({ __metadata__: { dtype: 'F32', shape: [3], data } }))).toBe(
      'invalid-argument',
    );
    expect(codeOf(() => encodeSafetensors({ a: { dtype: 'F33' as 'F32', shape: [3], data } }))).toBe('unknown-option');
  });
});

describe('decodeSafetensors', () => {
  it('returns what was encoded, for every dtype, at any byte offset', () => {
    const tensors: Record<string, SafetensorsTensor> = {};
    for (const [dtype, arrayType] of Object.entries(safetensorsArrays)) {
      const data = new arrayType(new ArrayBuffer(6 * arrayType.BYTES_PER_ELEMENT), 0, 6);
      crypto.getRandomValues(new Uint8Array(data.buffer));
      tensors[`layer.${dtype}`] = { dtype: dtype as SafetensorsDtype, shape: [2, 3], data };
    }
    const bytes = encodeSafetensors(tensors, { metadata: { format: 'pt', ключ: 'значение' } });
    for (const shift of [0, 1, 3]) {
      const moved = new Uint8Array(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      const decoded = decodeSafetensors(moved);
      expect({ ...decoded.metadata }).toEqual({ format: 'pt', ключ: 'значение' });
      expect({ ...decoded.tensors }).toEqual(tensors);
    }
  });

  it('reads a file of the reference implementation', () => {
    // Written by hand after the format's description: 64 bytes of header with padding, then two tensors.
    const data = new Uint8Array(new Float32Array([0.5, 1.5]).buffer);
    const { tensors } = decodeSafetensors(file('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}      ', data));
    expect([...tensors.w!.data]).toEqual([0.5, 1.5]);
  });

  const data = new Uint8Array(8);
  const entry = (fields: object) => file({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields } }, data);
  const hostile: [string, Uint8Array, SegErrorCode][] = [
    ['an empty file', new Uint8Array(0), 'corrupt-data'],
    ['a header longer than the file', file({}, data, 4000), 'corrupt-data'],
    ['a header of 2^63 bytes', file({}, data, 2 ** 63), 'limit-exceeded'],
    ['no JSON', file('{"a":', data), 'corrupt-data'],
    ['invalid UTF-8', new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22]), 'corrupt-data'],
    ['an array as header', file('[]'), 'corrupt-data'],
    ['an entry that is no object', file({ a: 3 }), 'corrupt-data'],
    ['an unknown dtype', entry({ dtype: 'F12' }), 'unsupported'],
    ['a dtype from the prototype', entry({ dtype: 'constructor' }), 'unsupported'],
    ['a negative size', entry({ shape: [-2] }), 'corrupt-data'],
    ['a fractional size', entry({ shape: [2.5] }), 'corrupt-data'],
    ['an overflowing shape', entry({ shape: [2 ** 40, 2 ** 40] }), 'corrupt-data'],
    ['a shape that its bytes do not fill', entry({ shape: [3] }), 'corrupt-data'],
    ['offsets past the end', entry({ data_offsets: [4, 12] }), 'corrupt-data'],
    ['offsets in the wrong order', entry({ data_offsets: [8, 0] }), 'corrupt-data'],
    ['a gap before the first tensor', entry({ shape: [1], data_offsets: [4, 8] }), 'corrupt-data'],
    ['bytes after the last tensor', entry({ shape: [1], data_offsets: [0, 4] }), 'corrupt-data'],
    [
      'overlapping tensors',
      file(
        {
          a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
          b: { dtype: 'U8', shape: [4], data_offsets: [4, 8] },
        },
        data,
      ),
      'corrupt-data',
    ],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), 'corrupt-data'],
  ];
  it.each(hostile)('refuses %s', (_, bytes, code) => {
    expect(codeOf(() => decodeSafetensors(bytes))).toBe(code);
  });

  it('keeps hostile names harmless', () => {
    const { tensors } = decodeSafetensors(file('{"__proto__":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}', data));
    expect(Object.keys(tensors)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  it('limits the number of tensors', () => {
    const bytes = encodeSafetensors({
      a: { dtype: 'U8', shape: [1], data: new Uint8Array(1) },
      b: { dtype: 'U8', shape: [1], data: new Uint8Array(1) },
    });
    expect(codeOf(() => decodeSafetensors(bytes, { maxTensors: 1 }))).toBe('limit-exceeded');
    expect(codeOf(() => decodeSafetensors(bytes, { maxHeaderBytes: 10 }))).toBe('limit-exceeded');
  });

  it('answers mutated files with a value or a SegError', () => {
    const valid = encodeSafetensors(
      {
        'a.kernel': { dtype: 'F32', shape: [2, 2], data: new Float32Array(4) },
        'b.bias': { dtype: 'I64', shape: [2], data: new BigInt64Array(2) },
      },
      { metadata: { k: 'v' } },
    );
    const mutation = fc.record({ at: fc.nat(valid.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.nat(valid.length), (changes, cut) => {
        const bytes = valid.slice(0, cut % 5 === 0 ? cut : valid.length);
        for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
        codeOf(() => decodeSafetensors(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
