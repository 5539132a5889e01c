import { checkOption, SegError, type VoxelArray } from '@seg/core';
import { checkGrid, checkVoxels, type Grid, type GridOptions } from '../grid.ts';
import { type LabelValues, markMembers, membershipOf } from '../membership.ts';

/** Options of the morphological operations. */
export interface MorphologyOptions extends Omit<GridOptions, 'spacingMm'> {
  /** Neighbourhood of one round: `cross` (default, the face neighbours) or `full` (all 26, or 8 in an image). */
  readonly structure?: 'cross' | 'full';
  /** How often it is applied; default 1. */
  readonly rounds?: number;
  /** What lies beyond the image: 0 (default, as in SciPy) or 1. */
  readonly border?: 0 | 1;
  /** Label or labels that make up the object; default: every value but 0. */
  readonly label?: LabelValues;
}

/**
 * Takes away every voxel that has a neighbour outside the mask, `rounds` times; returns 0 and 1.
 *
 * @throws SegError `invalid-argument` for a bad shape, label or number of rounds and for NaN voxels, `shape-mismatch` if
 * the mask does not fill the shape, `unknown-option` for an unknown structure.
 */
export function erode(mask: VoxelArray, options: MorphologyOptions): Uint8Array {
  return run('erode', mask, options, ['shrink']);
}

/** Adds every voxel that has a neighbour inside the mask, `rounds` times; returns 0 and 1. Throws as `erode`. */
export function dilate(mask: VoxelArray, options: MorphologyOptions): Uint8Array {
  return run('dilate', mask, options, ['grow']);
}

/** Erodes `rounds` times, then dilates as often: thin parts go, the rest keeps its size. Throws as `erode`. */
export function open(mask: VoxelArray, options: MorphologyOptions): Uint8Array {
  return run('open', mask, options, ['shrink', 'grow']);
}

/**
 * Dilates `rounds` times, then erodes as often: narrow gaps go, the rest keeps its size. Throws as `erode`.
 *
 * With `border` 0 the erosion eats into objects at the image's edge, as SciPy's `binary_closing` does.
 */
export function close(mask: VoxelArray, options: MorphologyOptions): Uint8Array {
  return run('close', mask, options, ['grow', 'shrink']);
}

function run(
  where: string,
  mask: VoxelArray,
  options: MorphologyOptions,
  steps: readonly ('shrink' | 'grow')[],
): Uint8Array {
  const { structure = 'cross', rounds = 1, border = 0 } = options;
  checkOption(where, 'structure', structure, ['cross', 'full']);
  if (!Number.isInteger(rounds) || rounds < 0 || rounds > 65535 || (border !== 0 && border !== 1)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'rounds must be an integer from 0 on, and the border 0 or 1',
      got: { rounds, border },
    });
  }
  const grid = checkGrid(where, { shape: options.shape });
  checkVoxels(where, 'mask', mask, grid.voxels);
  let padded: Uint8Array = pad(where, mask, grid, border, options.label);
  let spare: Uint8Array = padded.slice();
  for (const step of steps) {
    for (let round = 0; round < rounds; round++) {
      if (structure === 'cross') crossRound(padded, spare, grid, step);
      else fullRound(padded, spare, grid, step);
      [padded, spare] = [spare, padded];
    }
  }
  return unpad(padded, grid);
}

/** The mask as 0 and 1 with one voxel of the border's value around it, in z as well unless it is an image. */
function pad(where: string, mask: VoxelArray, grid: Grid, border: number, label: LabelValues | undefined): Uint8Array {
  const [depth, height, width] = grid.shape;
  const rim = grid.dims === 3 ? 1 : 0;
  const padded = new Uint8Array((depth + 2 * rim) * (height + 2) * (width + 2)).fill(border);
  const membership = membershipOf(where, label);
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const to = ((z + rim) * (height + 2) + y + 1) * (width + 2) + 1;
      padded.fill(0, to, to + width);
      markMembers(where, mask, (z * height + y) * width, width, membership, padded, to, 1);
    }
  }
  return padded;
}

function unpad(padded: Uint8Array, grid: Grid): Uint8Array {
  const [depth, height, width] = grid.shape;
  const rim = grid.dims === 3 ? 1 : 0;
  const mask = new Uint8Array(grid.voxels);
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const from = ((z + rim) * (height + 2) + y + 1) * (width + 2) + 1;
      mask.set(padded.subarray(from, from + width), (z * height + y) * width);
    }
  }
  return mask;
}

/** One round with the face neighbours; the rim of the target keeps its value. */
function crossRound(source: Uint8Array, target: Uint8Array, grid: Grid, step: 'shrink' | 'grow'): void {
  const row = grid.shape[2] + 2;
  // Without neighbours in z, a voxel asked for itself leaves the answer unchanged.
  const plane = grid.dims === 3 ? (grid.shape[1] + 2) * row : 0;
  forEachRow(grid, (start, end) => {
    if (step === 'shrink') {
      for (let i = start; i < end; i++) {
        target[i] =
          source[i]! &
          source[i - 1]! &
          source[i + 1]! &
          source[i - row]! &
          source[i + row]! &
          source[i - plane]! &
          source[i + plane]!;
      }
    } else {
      for (let i = start; i < end; i++) {
        target[i] =
          source[i]! |
          source[i - 1]! |
          source[i + 1]! |
          source[i - row]! |
          source[i + row]! |
          source[i - plane]! |
          source[i + plane]!;
      }
    }
  });
}

/** One round with all neighbours, as a line of three along each axis in turn over columns of up to nine rows. */
function fullRound(source: Uint8Array, target: Uint8Array, grid: Grid, step: 'shrink' | 'grow'): void {
  const row = grid.shape[2] + 2;
  const plane = (grid.shape[1] + 2) * row;
  const offsets: number[] = [];
  for (const z of grid.dims === 3 ? [-plane, 0, plane] : [0]) for (const y of [-row, 0, row]) offsets.push(z + y);
  const columns = new Uint8Array(row);
  forEachRow(grid, (start, end) => {
    const width = end - start + 2;
    const first = start - 1;
    for (let x = 0; x < width; x++) {
      let value = source[first + x]!;
      if (step === 'shrink') for (let k = 0; k < offsets.length; k++) value &= source[first + x + offsets[k]!]!;
      else for (let k = 0; k < offsets.length; k++) value |= source[first + x + offsets[k]!]!;
      columns[x] = value;
    }
    for (let x = 1; x < width - 1; x++) {
      const [a, b, c] = [columns[x - 1]!, columns[x]!, columns[x + 1]!];
      target[first + x] = step === 'shrink' ? a & b & c : a | b | c;
    }
  });
}

function forEachRow(grid: Grid, visit: (start: number, end: number) => void): void {
  const [depth, height, width] = grid.shape;
  const rim = grid.dims === 3 ? 1 : 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const start = ((z + rim) * (height + 2) + y + 1) * (width + 2) + 1;
      visit(start, start + width);
    }
  }
}
