import { SegError } from '@seg/core';
import type { SurfaceDistances } from './surface-distances.ts';

/**
 * Normalised surface Dice (NSD): the share of both surfaces that lies within a tolerance (in mm, <=) of the other one.
 *
 * Points count alike with surface voxels and by area with surfels (Nikolov et al. 2021, eq. 1). Both masks empty: NaN.
 * One empty: 0.
 *
 * @throws SegError `invalid-argument` for a tolerance that is negative or no number.
 */
export function surfaceDice(distances: SurfaceDistances, toleranceMm: number): number {
  if (!(toleranceMm >= 0 && toleranceMm < Number.POSITIVE_INFINITY)) {
    throw new SegError('invalid-argument', {
      where: 'surfaceDice',
      problem: 'the tolerance must be a number of mm, 0 or more',
      got: toleranceMm,
    });
  }
  const forward = within(distances.predictionToReference, distances.predictionAreas, toleranceMm);
  const backward = within(distances.referenceToPrediction, distances.referenceAreas, toleranceMm);
  return (forward.near + backward.near) / (forward.total + backward.total);
}

function within(
  values: Float64Array,
  areas: Float64Array | undefined,
  toleranceMm: number,
): { near: number; total: number } {
  let near = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    const area = areas === undefined ? 1 : areas[i]!;
    total += area;
    if (values[i]! <= toleranceMm) near += area;
  }
  return { near, total };
}
