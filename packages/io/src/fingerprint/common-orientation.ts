import type { Triple } from '@seg/core';
import { parseAxisCodes } from '../geometry/orientation.ts';

/** How the voxels of one case are stored. */
export interface StoredGrid {
  readonly axisCodes: string;
  readonly spacingMm: Triple;
}

/**
 * The orientation that all cases should be brought to: their common one, or RAS, or undefined where RAS would lay the
 * thick slices of some cases along another axis than those of others (oblique short-axis stacks lie between two axes).
 */
export function commonOrientation(grids: readonly StoredGrid[]): string | undefined {
  const codes = new Set(grids.map(({ axisCodes }) => axisCodes));
  if (codes.size === 1) return [...codes][0];
  const thickAxes = new Set(grids.map(worldAxisOfSlices).filter((axis) => axis !== undefined));
  return thickAxes.size > 1 ? undefined : 'RAS';
}

/** Spacings from this ratio on make a stack of slices, for which it matters where the slices lie. */
const SLICE_RATIO = 1.5;

/** The world axis (0 left-right, 1 posterior-anterior, 2 inferior-superior) that slices are stacked along. */
function worldAxisOfSlices({ axisCodes, spacingMm }: StoredGrid): number | undefined {
  const [finest, middle, coarsest] = spacingMm.toSorted((a, b) => a - b) as [number, number, number];
  if (coarsest < SLICE_RATIO * finest || coarsest - middle < 0.05 * middle) return undefined;
  return parseAxisCodes('commonOrientation', axisCodes)[2 - spacingMm.indexOf(coarsest)]!.worldAxis;
}
