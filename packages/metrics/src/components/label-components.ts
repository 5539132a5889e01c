import type { VoxelArray } from '@seg/core';
import { checkGrid, checkVoxels, type GridOptions } from '../grid.ts';
import { type LabelValues, membershipOf } from '../membership.ts';
import { type Connectivity, neighbourRows } from './connectivity.ts';
import { joinRuns } from './runs.ts';

/** Options of `labelComponents` and `largestComponent`. */
export interface ComponentOptions extends Omit<GridOptions, 'spacingMm'> {
  /**
   * Default 26 (8 in an image), as scikit-image and nnU-Net v2; SciPy's default is 6 (4). Two voxels that touch at a
   * corner are one component with 26 and two with 6 and 18.
   */
  readonly connectivity?: Connectivity;
  /** Label or labels that make up the object; default: every value but 0. */
  readonly label?: LabelValues;
}

/** The connected components of a mask. */
export interface Components {
  /** 0 in the background, else 1 to `count`, numbered in the order of each component's first voxel. */
  readonly labels: Int32Array;
  readonly count: number;
  /** Voxels of each component; `sizes[0]` belongs to component 1. */
  readonly sizes: Int32Array;
}

/**
 * Numbers the connected components of a mask.
 *
 * @example
 * labelComponents(Uint8Array.of(1, 0, 0, 1), { shape: [2, 2], connectivity: 4 }).count; // 2
 *
 * @throws SegError `invalid-argument` for a bad shape or label and for NaN voxels, `shape-mismatch` if the mask does not
 * fill the shape, `unknown-option` for a connectivity that the dimensions do not have.
 */
export function labelComponents(mask: VoxelArray, options: ComponentOptions): Components {
  const where = 'labelComponents';
  const grid = checkGrid(where, { shape: options.shape });
  checkVoxels(where, 'mask', mask, grid.voxels);
  const neighbours = neighbourRows(where, grid.dims, options.connectivity);
  const runs = joinRuns(where, mask, grid.shape, membershipOf(where, options.label), neighbours);
  const labels = new Int32Array(grid.voxels);
  const sizes = new Int32Array(runs.componentCount);
  for (let i = 0; i < runs.count; i++) {
    const component = runs.components[i]!;
    const start = runs.starts[i]!;
    const end = runs.ends[i]!;
    sizes[component - 1]! += end - start;
    for (let at = start; at < end; at++) labels[at] = component;
  }
  return { labels, count: runs.componentCount, sizes };
}

/**
 * The largest connected component of a mask, as 0 and 1; the first of equally large ones. An empty mask stays empty.
 *
 * @throws SegError as `labelComponents`.
 */
export function largestComponent(mask: VoxelArray, options: ComponentOptions): Uint8Array {
  const where = 'largestComponent';
  const grid = checkGrid(where, { shape: options.shape });
  checkVoxels(where, 'mask', mask, grid.voxels);
  const neighbours = neighbourRows(where, grid.dims, options.connectivity);
  const runs = joinRuns(where, mask, grid.shape, membershipOf(where, options.label), neighbours);
  const sizes = new Int32Array(runs.componentCount + 1);
  for (let i = 0; i < runs.count; i++) sizes[runs.components[i]!]! += runs.ends[i]! - runs.starts[i]!;
  let largest = 0;
  for (let c = 1; c < sizes.length; c++) if (sizes[c]! > sizes[largest]!) largest = c;
  const result = new Uint8Array(grid.voxels);
  for (let i = 0; i < runs.count; i++) {
    if (runs.components[i] === largest) result.fill(1, runs.starts[i]!, runs.ends[i]!);
  }
  return result;
}
