import { SegError, type Triple } from '@seg/core';
import { checkGrid, checkLength } from './check-grid.ts';

/**
 * Mean of each cell of a coarser grid over the voxels that it covers, axis by axis; voxels outside of the volume count
 * as `outside`. Cell i of an axis covers the voxel positions [start + i * size, start + (i + 1) * size), where voxel j
 * covers [j, j + 1).
 *
 * @param data one channel, [z][y][x]
 * @throws SegError `shape-mismatch` for another number of voxels than the shape has, `invalid-argument` for shapes, places
 * and values outside that are none.
 */
export function areaAverage(
  data: ArrayLike<number>,
  shape: Triple,
  grid: { readonly shape: Triple; readonly start: Triple; readonly size: Triple },
  outside = 0,
): Float32Array {
  checkGrid('areaAverage', grid, shape);
  checkLength('areaAverage', 'data', data, shape);
  if (!Number.isFinite(outside)) {
    throw new SegError('invalid-argument', {
      where: 'areaAverage',
      problem: 'the value outside of the volume must be finite',
      got: outside,
    });
  }
  let current: ArrayLike<number> = data;
  const extent: [number, number, number] = [...shape];
  for (const axis of [2, 1, 0] as const) {
    const cells = cellsOf(extent[axis], grid.shape[axis], grid.start[axis], grid.size[axis]);
    const inner = extent.slice(axis + 1).reduce((a, b) => a * b, 1);
    const outer = extent.slice(0, axis).reduce((a, b) => a * b, 1);
    const next = new Float32Array(outer * cells.length * inner);
    for (let o = 0; o < outer; o++) {
      cells.forEach(({ first, weights, missing }, c) => {
        const to = (o * cells.length + c) * inner;
        for (let i = 0; i < inner; i++) {
          let sum = missing * outside;
          for (let k = 0; k < weights.length; k++) {
            sum += weights[k]! * current[(o * extent[axis] + first + k) * inner + i]!;
          }
          next[to + i] = sum;
        }
      });
    }
    current = next;
    extent[axis] = grid.shape[axis];
  }
  return current as Float32Array;
}

interface Cell {
  readonly first: number;
  /** Parts of the cell that lie in the voxels from `first` on. */
  readonly weights: readonly number[];
  /** Part of the cell outside of the volume. */
  readonly missing: number;
}

function cellsOf(voxels: number, count: number, start: number, size: number): Cell[] {
  return Array.from({ length: count }, (_, i) => {
    const low = start + i * size;
    const high = low + size;
    const first = Math.min(voxels, Math.max(0, Math.floor(low)));
    const last = Math.max(first, Math.min(voxels, Math.ceil(high)));
    const weights = Array.from({ length: last - first }, (_, k) => {
      const overlap = Math.min(high, first + k + 1) - Math.max(low, first + k);
      return Math.max(0, overlap) / size;
    });
    return { first, weights, missing: Math.max(0, 1 - weights.reduce((a, b) => a + b, 0)) };
  });
}
