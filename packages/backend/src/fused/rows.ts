import { partRange, partsFor } from './parts.ts';

/** How the kernels walk over channels-last values: rows of `width` floats, a multiple of 4. */
export interface RowPlan {
  /** Channels times positions a row; coefficients are repeated to this length. */
  readonly width: number;
  /** Whole rows of a sample. */
  readonly rows: number;
  /** Floats after the last whole row. */
  readonly tail: number;
  /** Parts that a sample is cut into. */
  readonly parts: number;
  /** First row, end row and tail of a part. */
  range(part: number): readonly [first: number, end: number, tail: number];
}

/** Rows of one sample of `positions` positions with `channels` channels: one, two or four positions a row. */
export function planRows(positions: number, channels: number): RowPlan {
  const together = channels % 4 === 0 ? 1 : channels % 2 === 0 ? 2 : 4;
  const width = channels * together;
  const rows = Math.floor(positions / together);
  const tail = (positions - rows * together) * channels;
  const parts = partsFor(Math.max(1, rows), width);
  return {
    width,
    rows,
    tail,
    parts,
    range(part) {
      const [first, end] = partRange(rows, part, parts);
      return [first, end, part === parts - 1 ? tail : 0];
    },
  };
}

/** Writes per-channel values `width / values.length` times in a row. */
export function repeatInto(target: Float32Array, at: number, width: number, values: ArrayLike<number>): void {
  for (let i = 0; i < width; i++) target[at + i] = values[i % values.length]!;
}

/**
 * Adds up sums that the parts of one sample left as float64 blocks, and folds repeated channels: the result has one
 * number a channel, always added in the same order.
 */
export function foldSums(
  sums: Float64Array,
  at: number,
  block: number,
  width: number,
  parts: number,
  channels: number,
) {
  const total = new Float64Array(channels);
  for (let part = 0; part < parts; part++) {
    for (let i = 0; i < width; i++) total[i % channels]! += sums[at + part * block + i]!;
  }
  return total;
}
