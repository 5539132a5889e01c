import { readFileSync } from 'node:fs';

/** Reads a golden file; "NaN" and "Infinity" become numbers again. */
export function readGolden<T>(name: string): T {
  const numbers: Record<string, number> = {
    NaN: Number.NaN,
    Infinity: Number.POSITIVE_INFINITY,
    '-Infinity': Number.NEGATIVE_INFINITY,
  };
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
  return JSON.parse(text, (_, value) => (typeof value === 'string' ? (numbers[value] ?? value) : value));
}

/** A mask from NumPy's `packbits` in base64. */
export function unpackBits(packed: string, voxels: number): Uint8Array {
  const bytes = Buffer.from(packed, 'base64');
  return Uint8Array.from({ length: voxels }, (_, i) => (bytes[i >> 3]! >> (7 - (i & 7))) & 1);
}

/** Product of sizes. */
export function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
