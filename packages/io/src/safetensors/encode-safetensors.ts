import { checkOption, SegError } from '@seg/core';
import { littleEndianHost, swapBytes } from '../bytes/byte-order.ts';
import { type SafetensorsDtype, type SafetensorsTensor, safetensorsArrays } from './safetensors-types.ts';

const where = 'encodeSafetensors';
const dtypes = Object.keys(safetensorsArrays) as SafetensorsDtype[];

export interface EncodeSafetensorsOptions {
  /** Free text stored under the header's `__metadata__`. Default none. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of a safetensors file with the given tensors.
 *
 * Equal input gives equal bytes: tensors are laid out by element size (largest first, so that every one is aligned) and
 * then by name. The header is padded to 8 bytes.
 *
 * @throws SegError `shape-mismatch` when a tensor's data does not fill its shape, `invalid-argument` for sizes that are
 * no non-negative integers, a typed array that does not fit the dtype, or the reserved name `__metadata__`.
 *
 * @example
 * const bytes = encodeSafetensors({ bias: { dtype: 'F32', shape: [2], data: new Float32Array([1, 2]) } });
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  options: EncodeSafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors);
  for (const [name, tensor] of entries) checkTensor(name, tensor);
  entries.sort(
    ([nameA, a], [nameB, b]) =>
      b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || (nameA < nameB ? -1 : Number(nameA > nameB)),
  );

  const fields: string[] = [];
  if (options.metadata !== undefined) {
    for (const [key, value] of Object.entries(options.metadata)) {
      if (typeof value !== 'string') {
        throw new SegError('invalid-argument', { where, problem: `metadata "${key}" must be a string`, got: value });
      }
    }
    fields.push(`"__metadata__":${JSON.stringify(options.metadata)}`);
  }
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    const entry = { dtype, shape, data_offsets: [offset, (offset += data.byteLength)] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;

  const bytes = new Uint8Array(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, 8 + headerLength);
  let at = 8 + headerLength;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    if (!littleEndianHost) swapBytes(bytes.subarray(at, at + data.byteLength), data.BYTES_PER_ELEMENT);
    at += data.byteLength;
  }
  return bytes;
}

function checkTensor(name: string, { dtype, shape, data }: SafetensorsTensor): void {
  if (name === '__metadata__') {
    throw new SegError('invalid-argument', {
      where,
      problem: 'the name __metadata__ is reserved',
      hint: 'Rename the tensor, or pass text by the option metadata.',
    });
  }
  checkOption(where, `dtype of "${name}"`, dtype, dtypes);
  const expected = safetensorsArrays[dtype];
  if (!(data instanceof expected)) {
    throw new SegError('invalid-argument', {
      where,
      problem: `the data of "${name}" does not fit its dtype ${dtype}`,
      got: Object.prototype.toString.call(data).slice(8, -1),
      expected: (expected as unknown as { name: string }).name,
    });
  }
  if (!shape.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new SegError('invalid-argument', { where, problem: `bad shape of "${name}"`, got: shape });
  }
  const elements = shape.reduce((product, size) => product * size, 1);
  if (data.length !== elements) {
    throw new SegError('shape-mismatch', {
      where,
      problem: `the data of "${name}" does not fill its shape [${shape}]`,
      got: data.length,
      expected: elements,
    });
  }
}
