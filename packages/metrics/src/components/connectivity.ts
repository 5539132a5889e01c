import { SegError } from '@seg/core';

/**
 * Which voxels are neighbours: across faces (6; 4 in an image), edges as well (18), corners as well (26; 8 in an image).
 */
export type Connectivity = 4 | 6 | 8 | 18 | 26;

/** A row before the present one that may hold neighbours, and how far along x they may lie. */
export interface NeighbourRow {
  readonly dz: number;
  readonly dy: number;
  readonly reach: 0 | 1;
}

/** The rows already seen in raster order that touch a row, for a connectivity; default 26 (8 in an image). */
export function neighbourRows(where: string, dims: 2 | 3, connectivity: Connectivity | undefined): NeighbourRow[] {
  const choices: readonly Connectivity[] = dims === 3 ? [6, 18, 26] : [4, 8];
  const chosen = connectivity ?? (dims === 3 ? 26 : 8);
  if (!choices.includes(chosen)) {
    throw new SegError('unknown-option', {
      where,
      problem: `unknown connectivity in ${dims} dimensions`,
      got: connectivity,
      expected: choices.join(' | '),
    });
  }
  const steps = { 4: 1, 6: 1, 8: 2, 18: 2, 26: 3 }[chosen];
  const before = [
    { dz: 0, dy: -1 },
    { dz: -1, dy: -1 },
    { dz: -1, dy: 0 },
    { dz: -1, dy: 1 },
  ];
  return before
    .map(({ dz, dy }) => ({ dz, dy, off: Math.abs(dz) + Math.abs(dy) }))
    .filter(({ dz, off }) => off <= steps && (dims === 3 || dz === 0))
    .map(({ dz, dy, off }) => ({ dz, dy, reach: off < steps ? 1 : 0 }));
}
