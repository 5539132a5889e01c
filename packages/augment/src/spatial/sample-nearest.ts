import type { Triple } from '@seg/core';
import type { AffineSamplingGrid } from './coordinates.ts';
import { clamp, isInside } from './inside.ts';
import { rowRanges } from './row-ranges.ts';

/** Samples one label map at coordinates [z | y | x] by the nearest voxel. */
export function nearestAt(
  from: Uint8Array,
  [depth, height, width]: Triple,
  coordinates: Float32Array,
  border: number | 'edge',
  to: Uint8Array,
): void {
  const voxels = to.length;
  const [maxZ, maxY, maxX] = [depth - 1, height - 1, width - 1];
  const edge = border === 'edge';
  for (let i = 0; i < voxels; i++) {
    const z = coordinates[i]!;
    const y = coordinates[voxels + i]!;
    const x = coordinates[2 * voxels + i]!;
    if (edge || isInside(z, y, x, maxZ, maxY, maxX)) {
      const iz = clamp(Math.floor(z + 0.5), maxZ);
      const iy = clamp(Math.floor(y + 0.5), maxY);
      const ix = clamp(Math.floor(x + 0.5), maxX);
      to[i] = from[(iz * height + iy) * width + ix]!;
    } else to[i] = border as number;
  }
}

/** The same for a grid that a matrix describes: rows of voxels that lie inside need no tests. */
export function nearestAffine(
  from: Uint8Array,
  shape: Triple,
  grid: AffineSamplingGrid,
  border: number,
  to: Uint8Array,
): void {
  const [, height, width] = shape;
  const [stepZ, stepY, stepX] = grid.matrix.map((row) => row[2]) as [number, number, number];
  if (border !== 0) to.fill(border);
  const { starts, ranges } = rowRanges(grid.matrix, shape, grid.shape);
  const rowLength = grid.shape[2];
  for (let r = 0; 2 * r < ranges.length; r++) {
    const [startZ, startY, startX] = [starts[3 * r]!, starts[3 * r + 1]!, starts[3 * r + 2]!];
    const end = ranges[2 * r + 1]!;
    for (let i = ranges[2 * r]!; i < end; i++) {
      const iz = (startZ + stepZ * i + 0.5) | 0;
      const iy = (startY + stepY * i + 0.5) | 0;
      const ix = (startX + stepX * i + 0.5) | 0;
      to[r * rowLength + i] = from[(iz * height + iy) * width + ix]!;
    }
  }
}
