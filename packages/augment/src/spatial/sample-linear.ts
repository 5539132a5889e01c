import type { Triple } from '@seg/core';
import type { AffineSamplingGrid } from './coordinates.ts';
import { clamp, isInside } from './inside.ts';
import { rowRanges } from './row-ranges.ts';

/** Samples one channel at coordinates [z | y | x], linearly between the eight voxels around each. */
export function linearAt(
  from: Float32Array,
  [depth, height, width]: Triple,
  coordinates: Float32Array,
  border: number | 'edge',
  to: Float32Array,
): void {
  const voxels = to.length;
  const [maxZ, maxY, maxX] = [depth - 1, height - 1, width - 1];
  const strideZ = depth > 1 ? height * width : 0;
  const strideY = height > 1 ? width : 0;
  const strideX = width > 1 ? 1 : 0;
  const [lastZ, lastY, lastX] = [Math.max(0, depth - 2), Math.max(0, height - 2), Math.max(0, width - 2)];
  const edge = border === 'edge';
  for (let i = 0; i < voxels; i++) {
    let z = coordinates[i]!;
    let y = coordinates[voxels + i]!;
    let x = coordinates[2 * voxels + i]!;
    if (!edge && !isInside(z, y, x, maxZ, maxY, maxX)) {
      to[i] = border as number;
      continue;
    }
    z = clamp(z, maxZ);
    y = clamp(y, maxY);
    x = clamp(x, maxX);
    let iz = z | 0;
    let iy = y | 0;
    let ix = x | 0;
    if (iz > lastZ) iz = lastZ;
    if (iy > lastY) iy = lastY;
    if (ix > lastX) ix = lastX;
    const fz = z - iz;
    const fy = y - iy;
    const fx = x - ix;
    const a = (iz * height + iy) * width + ix;
    const b = a + strideY;
    const c = a + strideZ;
    const d = c + strideY;
    const a0 = from[a]! + fx * (from[a + strideX]! - from[a]!);
    const b0 = from[b]! + fx * (from[b + strideX]! - from[b]!);
    const c0 = from[c]! + fx * (from[c + strideX]! - from[c]!);
    const d0 = from[d]! + fx * (from[d + strideX]! - from[d]!);
    const near = a0 + fy * (b0 - a0);
    to[i] = near + fz * (c0 + fy * (d0 - c0) - near);
  }
}

/** The same for a grid that a matrix describes: rows of voxels that lie inside need no tests. */
export function linearAffine(
  from: Float32Array,
  shape: Triple,
  grid: AffineSamplingGrid,
  border: number,
  to: Float32Array,
): void {
  const [depth, height, width] = shape;
  const [stepZ, stepY, stepX] = grid.matrix.map((row) => row[2]) as [number, number, number];
  const strideZ = depth > 1 ? height * width : 0;
  const strideY = height > 1 ? width : 0;
  const strideX = width > 1 ? 1 : 0;
  const strideZy = strideZ + strideY;
  const [lastZ, lastY, lastX] = [Math.max(0, depth - 2), Math.max(0, height - 2), Math.max(0, width - 2)];
  if (border !== 0) to.fill(border);
  const { starts, ranges } = rowRanges(grid.matrix, shape, grid.shape);
  const rowLength = grid.shape[2];
  for (let r = 0; 2 * r < ranges.length; r++) {
    const [startZ, startY, startX] = [starts[3 * r]!, starts[3 * r + 1]!, starts[3 * r + 2]!];
    const end = ranges[2 * r + 1]!;
    for (let i = ranges[2 * r]!; i < end; i++) {
      const z = startZ + stepZ * i;
      const y = startY + stepY * i;
      const x = startX + stepX * i;
      let iz = z | 0;
      let iy = y | 0;
      let ix = x | 0;
      if (iz > lastZ) iz = lastZ;
      if (iy > lastY) iy = lastY;
      if (ix > lastX) ix = lastX;
      const fy = y - iy;
      const fx = x - ix;
      const a = (iz * height + iy) * width + ix;
      const a0 = from[a]!;
      const b0 = from[a + strideY]!;
      const c0 = from[a + strideZ]!;
      const d0 = from[a + strideZy]!;
      const ax = a0 + fx * (from[a + strideX]! - a0);
      const bx = b0 + fx * (from[a + strideY + strideX]! - b0);
      const cx = c0 + fx * (from[a + strideZ + strideX]! - c0);
      const dx = d0 + fx * (from[a + strideZy + strideX]! - d0);
      const near = ax + fy * (bx - ax);
      to[r * rowLength + i] = near + (z - iz) * (cx + fy * (dx - cx) - near);
    }
  }
}
