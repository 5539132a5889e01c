import type { ImageArray } from './medical-image.ts';

/** Stored numbers whose values are computed before the next ones are copied in: what the first caches hold. */
export const kernelVoxels = 2 ** 13;

/**
 * Offsets of the values and of the stored numbers in the kernels' memory. Large arrays of glibc begin 16 bytes behind a
 * multiple of 64: copies between equal offsets go at twice the speed.
 */
export const valuesAt = 16;
export const storedAt = kernelVoxels * 4 + 128;

const pageBytes = 2 ** 16;

/** Memory of all kernels: 8192 values, and stored numbers of at most 8 bytes. */
export const kernelPages = Math.ceil((storedAt + 64 + kernelVoxels * 8) / pageBytes);

export interface StoredNumbers {
  /** Signed or unsigned whole numbers, or floats. */
  readonly kind: 'signed' | 'unsigned' | 'float';
  /** Bytes of each. */
  readonly size: number;
  /** Whether their bytes are in the other order than this machine's. */
  readonly swapped: boolean;
  /** Whether single precision gives the same values, as `isExactInFloat32` says. */
  readonly exact: boolean;
}

/** What is wanted of a kernel, but for the numbers' type. */
export interface Scaling {
  readonly swapped: boolean;
  readonly slope: number;
  readonly intercept: number;
}

/** The numbers of a typed array; undefined for 64-bit whole numbers, which no vector instruction converts. */
export function numbersOf(data: ImageArray, { swapped, slope, intercept }: Scaling): StoredNumbers | undefined {
  const size = data.BYTES_PER_ELEMENT;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    return { kind: 'float', size, swapped, exact: false };
  }
  if (size === 8) return undefined;
  const signed = data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array;
  const exact = isExactInFloat32(2 ** (8 * size), slope, intercept);
  return { kind: signed ? 'signed' : 'unsigned', size, swapped: swapped && size > 1, exact };
}

/**
 * Whether number * slope + intercept is exact in float32 for all whole numbers up to `largest`: all products and sums are
 * then multiples of one power of two, and at most 2^24 times as large.
 */
function isExactInFloat32(largest: number, slope: number, intercept: number): boolean {
  const bound = largest * Math.abs(slope) + Math.abs(intercept);
  if (!(bound > 2 ** -60 && bound < 2 ** 60)) return false;
  const unit = 2 ** (Math.ceil(Math.log2(bound)) - 24);
  return bound <= unit * 2 ** 24 && Number.isInteger(slope / unit) && Number.isInteger(intercept / unit);
}

/**
 * A WebAssembly module of one function `scale(count, stored, slope, intercept)`: the float32 values at `valuesAt` of
 * `count` numbers at the address `stored`, each `number * slope + intercept` in double precision, rounded once (or in
 * single precision where that is exact). It works on 8 numbers at a time, so that up to 7 more values than asked for are written.
 */
export function scaleKernelBytes(numbers: StoredNumbers): Uint8Array<ArrayBuffer> {
  const locals = list([
    [1, i32],
    [6, v128],
  ]);
  const body = [...locals, ...scaleFunction(numbers)];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, 4, i32, i32, f64, f64, 0]])),
    ...section(2, list([[...name('io'), ...name('memory'), 2, 0, kernelPages]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...name('scale'), 0, 0]])),
    ...section(10, list([[...unsigned(body.length), ...body]])),
  ]);
}

const [i32, f64, v128] = [0x7f, 0x7c, 0x7b];

// Parameters and locals of the function.
const [count, stored, slope, intercept, values, slopes, intercepts, ...vectors] = Array.from(
  { length: 11 },
  (_, i) => i,
);
const parts = vectors as [number, number, number, number];

function scaleFunction({ kind, size, swapped, exact }: StoredNumbers): number[] {
  const splat = exact ? [0xb6, ...vector(0x13)] : vector(0x14);
  const load = (offset: number) => [
    ...get(stored),
    ...vector(0x00, 0, offset),
    ...(swapped ? [...tee(parts[3]), ...get(parts[3]), ...shuffle(reversed(size))] : []),
  ];
  return [
    ...[...get(slope), ...splat, ...set(slopes)],
    ...[...get(intercept), ...splat, ...set(intercepts)],
    ...[...constant(valuesAt), ...set(values)],
    ...[0x03, 0x40], // loop
    ...(size === 8 ? wideNumbers(load) : numbers(kind, size, exact, load)),
    ...[...get(stored), ...constant(8 * size), 0x6a, ...set(stored)],
    ...[...get(values), ...constant(32), 0x6a, ...set(values)],
    ...[...get(count), ...constant(8), 0x6b, ...tee(count), ...constant(0), 0x4a, 0x0d, 0], // while (count > 0)
    ...[0x0b, 0x0b],
  ];
}

/** Eight float64 numbers, two at a time. */
function wideNumbers(load: (offset: number) => number[]): number[] {
  const two = (offset: number) => scaled(load(offset));
  const four = (offset: number) => [...two(2 * offset), ...two(2 * offset + 16), ...shuffle(lowHalves)];
  return [0, 16].flatMap((offset) => [...get(values), ...four(offset), ...vector(0x0b, 0, offset)]);
}

/** Eight numbers of at most 32 bits: widened to twice four, and each four to twice two doubles. */
function numbers(
  kind: StoredNumbers['kind'],
  size: number,
  exact: boolean,
  load: (offset: number) => number[],
): number[] {
  const signed = kind === 'signed';
  const [low, high, whole] = parts;
  const widened = [
    ...[...tee(whole), ...vector(signed ? 0xa7 : 0xa9), ...set(low)],
    ...[...get(whole), ...vector(signed ? 0xa8 : 0xaa), ...set(high)],
  ];
  const loaded = {
    1: [...get(stored), ...vector(signed ? 0x01 : 0x02, 0, 0), ...widened],
    2: [...load(0), ...widened],
    4: [...load(0), ...set(low), ...load(16), ...set(high)],
  }[size]!;
  const toDoubles = vector({ float: 0x5f, signed: 0xfe, unsigned: 0xff }[kind]);
  const fourDoubles = (part: number) => [
    ...scaled([...get(part), ...toDoubles]),
    ...scaled([...get(part), ...get(part), ...shuffle(highHalfFirst), ...toDoubles]),
    ...shuffle(lowHalves),
  ];
  const four = exact ? (part: number) => scaledSingles([...get(part), ...vector(signed ? 0xfa : 0xfb)]) : fourDoubles;
  const store = (part: number, offset: number) => [...get(values), ...four(part), ...vector(0x0b, 0, offset)];
  return [...loaded, ...store(low, 0), ...store(high, 16)];
}

/** Four floats times slope plus intercept. */
function scaledSingles(singles: readonly number[]): number[] {
  return [...singles, ...get(slopes), ...vector(0xe6), ...get(intercepts), ...vector(0xe4)];
}

/** Two doubles times slope plus intercept, as two floats in the low half. */
function scaled(doubles: readonly number[]): number[] {
  return [...doubles, ...get(slopes), ...vector(0xf2), ...get(intercepts), ...vector(0xf0), ...vector(0x5e)];
}

const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const highHalfFirst = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** Order of 16 bytes that turns round every group of `size`. */
function reversed(size: number): number[] {
  return Array.from({ length: 16 }, (_, i) => i - (i % size) + size - 1 - (i % size));
}

/** An instruction on vectors. */
function vector(opcode: number, ...immediates: readonly number[]): number[] {
  return [0xfd, ...unsigned(opcode), ...immediates.flatMap(unsigned)];
}

function shuffle(lanes: readonly number[]): number[] {
  return vector(0x0d, ...lanes);
}

function get(local: number | undefined): number[] {
  return [0x20, local!];
}

function set(local: number | undefined): number[] {
  return [0x21, local!];
}

function tee(local: number | undefined): number[] {
  return [0x22, local!];
}

/** A constant from 0 to 2^30. */
function constant(value: number): number[] {
  const bytes = unsigned(value);
  // The signed encoding needs a clear sign bit in its last byte.
  const last = bytes.at(-1)!;
  return [0x41, ...(last < 0x40 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0])];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function name(text: string): number[] {
  return [text.length, ...[...text].map((character) => character.charCodeAt(0))];
}
