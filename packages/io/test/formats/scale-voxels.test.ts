import { Rng } from '@seg/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ImageArray } from '../../src/formats/medical-image.ts';
import { scaleInto, scaleSwappedInto } from '../../src/formats/scale-voxels.ts';

type Scalers = { scaleInto: typeof scaleInto; scaleSwappedInto: typeof scaleSwappedInto };

const arrays = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const;

/** Without scaling; exact in single precision; with roundings in double precision; with cancellation; -0 and 0 added. */
const scalings = [
  [1, 0],
  [1, -1024],
  [0.5, -3],
  [-2, 7],
  [0.37, -3.1],
  [-2e-3, 1e9],
  [2 ** -70, 0],
  [1, 2 ** 20],
  [1 + 2 ** -23, -100],
  [3e38, 0],
] as const;

/** Below, at and above the sizes at which the way changes: 4096 voxels for kernels, 8192 at a time, 8 in a step. */
const lengths = [0, 1, 4095, 4096, 8193, 16391];

function numbers(array: (typeof arrays)[number], length: number): ImageArray {
  const rng = Rng.fromSeed(7);
  if (array === Float32Array || array === Float64Array) {
    const special = [0, -0, NaN, Infinity, -Infinity, 1e-44, 3.4e38];
    return (array as typeof Float64Array).from(
      { length },
      (_, i) => special[i] ?? (rng.uniform() - 0.5) * 10 ** (rng.uniform() * 60 - 30),
    );
  }
  const wide = Float64Array.from(
    { length },
    (_, i) => [0, 2 ** 31, -(2 ** 31), 2 ** 32 - 1][i] ?? (rng.uniform() - 0.5) * 2 ** 33,
  );
  if (array === BigInt64Array || array === BigUint64Array) {
    return array.from(Array.from(wide, (v) => BigInt(Math.round(v)) * (2n ** 28n + 1n)));
  }
  return (array as typeof Int32Array).from(wide, Math.round);
}

function swapped(data: ImageArray): ImageArray {
  const copy = data.slice();
  const bytes = new Uint8Array(copy.buffer);
  for (let at = 0; at < bytes.length; at += data.BYTES_PER_ELEMENT)
    bytes.subarray(at, at + data.BYTES_PER_ELEMENT).reverse();
  return copy;
}

/** One number after the other, in double precision, rounded once. */
function expected(data: ImageArray, slope: number, intercept: number): Float32Array {
  const plain = slope === 1 && intercept === 0;
  return Float32Array.from(Array.from<number | bigint>(data), (v) =>
    plain ? Number(v) : Number(v) * slope + intercept,
  );
}

/** Equal bits, but for the payload of NaNs. */
function same(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((v, i) => Object.is(v, b[i]));
}

function check(scalers: Scalers): void {
  for (const array of arrays) {
    for (const length of lengths) {
      const data = numbers(array, length);
      for (const [slope, intercept] of scalings) {
        const what = `${array.name} ${length} ${slope} ${intercept}`;
        const truth = expected(data, slope, intercept);
        const values = new Float32Array(length);
        scalers.scaleInto(values, data, slope, intercept);
        expect(same(values, truth), what).toBe(true);
        values.fill(5);
        scalers.scaleSwappedInto(values, swapped(data), slope, intercept);
        expect(same(values, truth), `swapped ${what}`).toBe(true);
      }
    }
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe('scaleInto', () => {
  it('gives number * slope + intercept in double precision, rounded once, in either byte order', () => {
    check({ scaleInto, scaleSwappedInto });
  });

  it('gives the same where WebAssembly is missing', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    check(await import('../../src/formats/scale-voxels.ts'));
  });

  it('gives the same where WebAssembly is forbidden', async () => {
    class CompileError extends Error {}
    const Module = class {
      constructor() {
        throw new CompileError('refused by the page’s policy');
      }
    };
    vi.stubGlobal('WebAssembly', { CompileError, Module });
    check(await import('../../src/formats/scale-voxels.ts'));
  });

  it.each([Uint8Array, Int16Array, Int32Array] as const)('scales %o in the memory of the values', (array) => {
    const length = 30_000;
    const values = new Float32Array(length);
    const data = new array(values.buffer, values.byteLength - length * array.BYTES_PER_ELEMENT, length);
    data.set(numbers(array, length) as Int32Array);
    const truth = expected(data, 0.37, -3.1);
    scaleInto(values, data, 0.37, -3.1);
    expect(same(values, truth)).toBe(true);
  });
});
