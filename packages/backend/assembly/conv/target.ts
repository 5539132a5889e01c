import type { Layout } from './layouts.ts';

/** What the kernels are generated for. */
export interface Target {
  /** Vectors of 4 output channels in a register tile: 2 for 128-bit code, 4 for V8's 256-bit revectorizer. */
  readonly vectors: 2 | 4;
  /** Whether fused multiply-add may be used. */
  readonly relaxed: boolean;
}

/** Rows of the largest register tile: 6 x 8 accumulators leave three of the 15 usable registers for operands. */
export const tileRows = 6;

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Output channels of a register tile. */
export const tileWidth = (target: Target): number => target.vectors * 4;

/** Vectors that a transform handles side by side, so that the revectorizer finds pairs. */
export const transformLanes = (target: Target): number => target.vectors / 2;

/** a * b + c on vectors, as an expression. */
export const fma = (target: Target, a: string, b: string, c: string): string =>
  target.relaxed ? `f32x4.relaxed_madd(${a}, ${b}, ${c})` : `f32x4.add(f32x4.mul(${a}, ${b}), ${c})`;

/** c - a * b on vectors, as an expression. */
export const fnma = (target: Target, a: string, b: string, c: string): string =>
  target.relaxed ? `f32x4.relaxed_nmadd(${a}, ${b}, ${c})` : `f32x4.sub(${c}, f32x4.mul(${a}, ${b}))`;

/** Statements that load the fields of a descriptor at `desc` into constants of their names. */
export function prologue(layout: Layout, pointer = 'desc'): string {
  const addresses = layout.addresses.map((name, i) => `const ${name} = load<usize>(${pointer}, ${4 * i});`);
  const first = layout.addresses.length;
  const counts = layout.counts.map((name, i) => `const ${name} = load<i32>(${pointer}, ${4 * (first + i)});`);
  return [...addresses, ...counts].join(' ');
}

/** Splits `count` rows into tiles of at most `tileRows`, as even as can be (16 = 6 + 5 + 5): `call(R)` handles rows i to i + R. */
export function splitRows(count: string, call: (rows: number) => string): string {
  const cases = range(tileRows).map((k) => `case ${k + 1}: { ${call(k + 1)}; break; }`);
  return `{ let left: i32 = ${count}, i: i32 = 0, pieces: i32 = (left + ${tileRows - 1}) / ${tileRows};
    while (left > 0) { const tile = (left + pieces - 1) / pieces; pieces--;
      switch (tile) { ${cases.join('\n        ')} default: break; }
      i += tile; left -= tile; } }`;
}

/** Loads the vectors that are handled side by side into `name_0`, `name_1`. */
export const loadLanes = (target: Target, name: string, from: string, offset = 0): string =>
  `const ${range(transformLanes(target))
    .map((lane) => `${name}_${lane} = v128.load(${from}, ${offset + 16 * lane})`)
    .join(', ')};`;

/**
 * Stores neighbouring vectors, the last one first and nothing between them: then the revectorizer writes a pair by one
 * 256-bit store. After a store of the lower half it would write that half twice, because the upper one might trap.
 */
export const storeLanes = (values: readonly string[], to: string, offset = 0): string =>
  values
    .map((value, lane) => `v128.store(${to}, ${value}, ${offset + 16 * lane});`)
    .reverse()
    .join(' ');
