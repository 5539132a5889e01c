import { SegError } from '@seg/core';
import { littleEndianHost, swapBytes } from '../../bytes/byte-order.ts';
import type { NpyArray, NpyDtype } from './npy-array.ts';
import { npyTypes } from './npy-array.ts';

/** Longest header that is parsed: NumPy's own are 128 bytes for all but records. */
const maxHeaderBytes = 65536;

/** Whether the bytes begin like a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, i) => bytes[i] === byte);
}

/**
 * The array in a .npy file (format 1.0 to 3.0): booleans, integers, floats and complex numbers in either byte order.
 *
 * @throws SegError `corrupt-data` for a damaged file, `unsupported` for records, text, objects (pickles are never read),
 * half floats and dates.
 */
export function parseNpy(bytes: Uint8Array, options: { readonly name?: string } = {}): NpyArray {
  const where = options.name ?? 'parseNpy';
  const corrupt = (problem: string, got?: unknown) =>
    new SegError('corrupt-data', { where, problem, ...(got === undefined ? {} : { got }) });
  if (!isNpy(bytes) || bytes.length < 10) throw corrupt('this is no .npy file', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6]!;
  if (major < 1 || major > 3 || bytes[7] !== 0) {
    throw corrupt('the format version is not 1.0, 2.0 or 3.0', `${major}.${bytes[7]}`);
  }
  const lengthBytes = major === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthBytes) throw corrupt('the file ends inside its header');
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = 8 + lengthBytes + headerLength;
  if (headerLength > maxHeaderBytes || start > bytes.length) throw corrupt('the header is too long', headerLength);
  const text = new TextDecoder('latin1').decode(bytes.subarray(8 + lengthBytes, start));

  const fields = readFields(text);
  const [descr, order, shapeText] = ['descr', 'fortran_order', 'shape'].map((key) => fields?.get(key));
  if (/^[ \t]*\{\s*'descr'\s*:\s*\[/.test(text)) throw unsupported(where, 'arrays of records are not read', text);
  if (descr === undefined || order === undefined || shapeText === undefined) {
    throw corrupt('the header is no dictionary of descr, fortran_order and shape', text.slice(0, 80));
  }
  const shape = shapeText
    .split(',')
    .map((size) => size.trim().replace(/L$/, ''))
    .filter((size) => size !== '')
    .map(Number);
  const code = /^([<>|=]?)(.*)$/s.exec(descr)!;
  const dtype = (Object.keys(npyTypes) as NpyDtype[]).find((name) => npyTypes[name].code === code[2]);
  if (dtype === undefined) throw unsupported(where, 'the element type is not supported', descr);
  const { bytes: size, array } = npyTypes[dtype];
  const elements = shape.reduce((product, n) => product * n, 1);
  if (!Number.isSafeInteger(elements * size)) throw corrupt('the sizes overflow', shape);
  if (start + elements * size > bytes.length) {
    throw corrupt('the file ends before its elements do', `${bytes.length - start} of ${elements * size} bytes`);
  }
  const big = code[1] === '>';
  const swap = array.BYTES_PER_ELEMENT > 1 && big === littleEndianHost;
  const copy = new Uint8Array(elements * size);
  copy.set(bytes.subarray(start, start + copy.length));
  if (swap) swapBytes(copy, array.BYTES_PER_ELEMENT);
  return {
    shape,
    dtype,
    data: new array(copy.buffer, 0, copy.length / array.BYTES_PER_ELEMENT),
    fortranOrder: order === 'True',
    byteOrder: big ? 'big' : 'little',
  };
}

/**
 * The members of a header: texts and shapes without quotes and brackets; undefined where it is anything but a dictionary of
 * the three, one after the other, as NumPy requires too.
 */
function readFields(text: string): Map<string, string> | undefined {
  const whole = /^[ \t]*\{(.*)\}[ \t\n\v\f\r]*$/s.exec(text)?.[1];
  if (whole === undefined) return undefined;
  const fields = new Map<string, string>();
  let at = 0;
  while (/\S/.test(whole.slice(at))) {
    field.lastIndex = at;
    const [all, key, descr, order, shape] = field.exec(whole) ?? [];
    if (all === undefined || key === undefined || fields.has(key)) return undefined;
    const value = { descr, fortran_order: order, shape }[key];
    if (value === undefined) return undefined;
    fields.set(key, value);
    at = field.lastIndex;
  }
  return fields;
}

const field = /\s*'(\w+)'\s*:\s*(?:'([^']*)'|(True|False)|\(((?:\s*\d+L?\s*(?:,|(?=\))))*)\s*\))\s*(?:,|$)/y;

function unsupported(where: string, problem: string, got: string): SegError {
  return new SegError('unsupported', {
    where,
    problem,
    got: got.slice(0, 80),
    expected: 'booleans, integers, floats or complex numbers',
    hint: 'Save the array with another dtype (arr.astype(...)).',
  });
}
