import type { Triple } from '@seg/core';
import type { SamplingMatrix } from './coordinates.ts';

/** Coordinates this far outside count as on the edge, so that rounding in a rotation by 90 degrees loses nothing. */
export const EDGE_TOLERANCE = 1e-4;

/** For each row of an output grid: where it begins in the input, and which of its voxels lie inside. */
export interface RowRanges {
  /** Input coordinates (z, y, x) of the row's first voxel, three a row. */
  readonly starts: Float64Array;
  /** First voxel that lies inside and the one after the last, two a row. */
  readonly ranges: Int32Array;
}

/** The row ranges of an output grid that a matrix maps into the input. */
export function rowRanges(matrix: SamplingMatrix, input: Triple, output: Triple): RowRanges {
  const [depth, height, width] = output;
  const starts = new Float64Array(3 * depth * height);
  const ranges = new Int32Array(2 * depth * height);
  let row = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++, row++) {
      let first = 0;
      let end = width;
      for (let axis = 0; axis < 3; axis++) {
        const [mz, my, step, offset] = matrix[axis]!;
        const start = offset + mz * z + my * y;
        starts[3 * row + axis] = start;
        const low = -EDGE_TOLERANCE - start;
        const high = input[axis]! - 1 + EDGE_TOLERANCE - start;
        if (step === 0) {
          if (low > 0 || high < 0) end = 0;
          continue;
        }
        first = Math.max(first, Math.ceil((step > 0 ? low : high) / step));
        end = Math.min(end, Math.floor((step > 0 ? high : low) / step) + 1);
      }
      // A row that lies outside has bounds far beyond 32 bits where its step is tiny.
      ranges[2 * row] = Math.min(first, width);
      ranges[2 * row + 1] = Math.max(end, 0);
    }
  }
  return { starts, ranges };
}
