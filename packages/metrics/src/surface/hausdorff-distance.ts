import { checkOption, SegError } from '@seg/core';
import { quantile, weightedQuantile } from '../numeric/quantile.ts';
import { SURFACE_CONVENTIONS, type SurfaceConvention, type SurfaceDistances } from './surface-distances.ts';

/** Options of `hausdorffDistance`. */
export interface HausdorffOptions {
  /** In [0, 100]; default 100, the maximum. */
  readonly percentile?: number;
  /** Default: that of the distances. Surface voxels can be read by either `monai` or `medpy`. */
  readonly convention?: SurfaceConvention;
}

/**
 * Hausdorff distance in mm: the largest distance from a point of either surface to the other, or a percentile of them.
 *
 * `monai`: the larger of the two directions' percentiles, linearly interpolated. `medpy`: the percentile of both
 * directions' distances pooled. `deepmind`: the larger of the two area-weighted percentiles, not interpolated.
 * Both masks empty: NaN. One empty: Infinity.
 *
 * @throws SegError `invalid-argument` for a percentile outside [0, 100] or a convention that needs other surface points.
 */
export function hausdorffDistance(distances: SurfaceDistances, options: HausdorffOptions = {}): number {
  const where = 'hausdorffDistance';
  const { percentile = 100, convention = distances.convention } = options;
  checkOption(where, 'convention', convention, SURFACE_CONVENTIONS);
  if (!(percentile >= 0 && percentile <= 100)) {
    throw new SegError('invalid-argument', { where, problem: 'the percentile must be in [0, 100]', got: percentile });
  }
  if ((convention === 'deepmind') !== (distances.convention === 'deepmind')) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'surface voxels and surfels cannot be read by one another’s convention',
      got: convention,
      expected: distances.convention,
      hint: 'Give the convention to surfaceDistances.',
    });
  }
  const { predictionToReference: forward, referenceToPrediction: backward } = distances;
  if (forward.length === 0 && backward.length === 0) return Number.NaN;
  if (forward.length === 0 || backward.length === 0) return Number.POSITIVE_INFINITY;
  const q = percentile / 100;
  if (convention === 'deepmind') {
    return Math.max(
      weightedQuantile(forward, distances.predictionAreas!, q),
      weightedQuantile(backward, distances.referenceAreas!, q),
    );
  }
  if (convention === 'medpy') {
    const pooled = new Float64Array(forward.length + backward.length);
    pooled.set(forward);
    pooled.set(backward, forward.length);
    return quantile(pooled, q);
  }
  return Math.max(quantile(forward, q), quantile(backward, q));
}

/** The 95th percentile Hausdorff distance in mm: `hausdorffDistance` with `percentile: 95`. */
export function hd95(distances: SurfaceDistances, options: Pick<HausdorffOptions, 'convention'> = {}): number {
  return hausdorffDistance(distances, { ...options, percentile: 95 });
}
