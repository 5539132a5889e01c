import type { Triple } from '@seg/core';
import { parseAxisCodes } from '../geometry/orientation.ts';
import type { StoredGrid } from './common-orientation.ts';
import { median } from './statistics.ts';

/** A grid whose spacing is far from the others'. */
export interface FarSpacing {
  /** Place in the list. */
  readonly index: number;
  /** How many times coarser or finer than the median along its worst axis. */
  readonly factor: number;
  /** Median spacing of all grids in mm, on this grid's axes (z, y, x). */
  readonly medianMm: Triple;
}

/**
 * The grids whose spacing along some axis is at least `factor` times coarser or finer than the median of all: another unit,
 * or a header that holds no spacing. Axes are compared by the direction they run along.
 */
export function farSpacings(grids: readonly StoredGrid[], factor: number): readonly FarSpacing[] {
  const axes = grids.map(({ axisCodes }) => parseAxisCodes('farSpacings', axisCodes).map(({ worldAxis }) => worldAxis));
  // Spacings are in z, y, x order, codes in x, y, z order.
  const along = (i: number, world: number) => grids[i]!.spacingMm[2 - axes[i]!.indexOf(world as 0)]!;
  const medians = [0, 1, 2].map((world) => median(grids.map((_, i) => along(i, world))));
  return grids.flatMap((_, index) => {
    const ratios = [0, 1, 2].map((world) => along(index, world) / medians[world]!);
    const worst = Math.max(...ratios.map((ratio) => Math.max(ratio, 1 / ratio)));
    const [x, y, z] = axes[index]!.map((world) => medians[world]!) as [number, number, number];
    return worst < factor ? [] : [{ index, factor: worst, medianMm: [z, y, x] as const }];
  });
}
