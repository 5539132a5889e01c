import { checkOption, SegError, type Triple, type VoxelArray } from '@seg/core';
import { nearestDistances } from '../distance/nearest-distances.ts';
import { nearestDistancesOblique } from '../distance/nearest-distances-oblique.ts';
import { checkGrid, checkVoxels, type Grid, type PlacedGridOptions } from '../grid.ts';
import { type LabelValues, membershipOf } from '../membership.ts';
import { boundingBox, joinBoxes } from './bounding-box.ts';
import { type CroppedPair, cropPair } from './crop.ts';
import { surfelSurfaces } from './surfel-surface.ts';
import { voxelSurfaces } from './voxel-surface.ts';

/**
 * Whose definitions to follow: how a surface is made of points, and how their distances are summed up.
 *
 * - `monai` (default): surface voxels; percentiles per direction, the larger one counts.
 * - `medpy`: surface voxels; percentiles of both directions' distances pooled.
 * - `deepmind`: surface elements (surfels) at voxel corners, every statistic weighted with their area.
 */
export type SurfaceConvention = 'monai' | 'medpy' | 'deepmind';

export const SURFACE_CONVENTIONS: readonly SurfaceConvention[] = ['monai', 'medpy', 'deepmind'];

/** Options of `surfaceDistances`. */
export interface SurfaceDistanceOptions extends PlacedGridOptions {
  /** Default `monai`. */
  readonly convention?: SurfaceConvention;
  /** Label or labels that make up the object; default: every value but 0. */
  readonly label?: LabelValues;
  /**
   * Neighbours that a voxel inside the object must have: 1 (default) those across faces, 2 edges, 3 corners as well.
   * Surface voxels only.
   */
  readonly connectivity?: 1 | 2 | 3;
}

/** The distances from every point of each surface to the other surface, from which all surface measures are read. */
export interface SurfaceDistances {
  readonly convention: SurfaceConvention;
  /** In mm, one per surface point of the prediction; Infinity if the reference is empty. */
  readonly predictionToReference: Float64Array;
  /** In mm, one per surface point of the reference; Infinity if the prediction is empty. */
  readonly referenceToPrediction: Float64Array;
  /** Area in mm^2 (length in mm for images) of each surface point; only with surfels, all count alike otherwise. */
  readonly predictionAreas?: Float64Array;
  readonly referenceAreas?: Float64Array;
}

/**
 * Exact distances in mm between the surfaces of two masks, on anisotropic and sheared voxels, in both directions.
 *
 * Both masks empty: two empty lists. One empty: the other's distances are all Infinity. Computed within the box that
 * holds both objects, with about 5 bytes a voxel of it.
 *
 * @example
 * const prediction = Uint8Array.of(0, 1, 1, 0);
 * const reference = Uint8Array.of(0, 0, 1, 0);
 * const distances = surfaceDistances(prediction, reference, { shape: [1, 4], spacingMm: [1, 0.5] });
 * hausdorffDistance(distances); // 0.5
 *
 * @throws SegError `invalid-argument` for a bad shape, spacing or label and for NaN voxels, `shape-mismatch` if a mask
 * does not fill the shape, `unknown-option` for an unknown convention.
 */
export function surfaceDistances(
  prediction: VoxelArray,
  reference: VoxelArray,
  options: SurfaceDistanceOptions,
): SurfaceDistances {
  const where = 'surfaceDistances';
  const { convention = 'monai', connectivity = 1 } = options;
  checkOption(where, 'convention', convention, SURFACE_CONVENTIONS);
  if (connectivity !== 1 && connectivity !== 2 && connectivity !== 3) {
    throw new SegError('unknown-option', {
      where,
      problem: 'unknown connectivity of surface voxels',
      got: connectivity,
      expected: '1 | 2 | 3',
    });
  }
  const grid = checkGrid(where, options);
  checkVoxels(where, 'prediction', prediction, grid.voxels);
  checkVoxels(where, 'reference', reference, grid.voxels);
  const membership = membershipOf(where, options.label);
  const box = joinBoxes([prediction, reference].map((mask) => boundingBox(where, mask, grid, membership)));
  const pair = box && cropPair(where, prediction, reference, grid, membership, box);
  return distancesOfPair(pair, grid, convention, connectivity);
}

/** Surface distances of two masks that are cropped already; undefined stands for two empty masks. */
export function distancesOfPair(
  pair: CroppedPair | undefined,
  grid: Grid,
  convention: SurfaceConvention,
  connectivity: 1 | 2 | 3 = 1,
): SurfaceDistances {
  const { spacingMm, axesMm } = grid;
  const nearest = (sites: Int32Array, queries: Int32Array, shape: Triple) =>
    axesMm === undefined
      ? nearestDistances(sites, queries, shape, spacingMm)
      : nearestDistancesOblique(sites, queries, shape, axesMm);
  if (convention === 'deepmind') {
    const none = { positions: new Int32Array(0), areas: new Float64Array(0) };
    const surfaces = pair
      ? surfelSurfaces(pair, grid.dims, spacingMm, axesMm)
      : { prediction: none, reference: none, shape: grid.shape };
    const { prediction, reference, shape } = surfaces;
    return {
      convention,
      predictionToReference: nearest(reference.positions, prediction.positions, shape),
      referenceToPrediction: nearest(prediction.positions, reference.positions, shape),
      predictionAreas: prediction.areas,
      referenceAreas: reference.areas,
    };
  }
  const empty = new Int32Array(0);
  const surfaces = pair ? voxelSurfaces(pair, grid.dims, connectivity) : { prediction: empty, reference: empty };
  const shape = pair?.shape ?? grid.shape;
  return {
    convention,
    predictionToReference: nearest(surfaces.reference, surfaces.prediction, shape),
    referenceToPrediction: nearest(surfaces.prediction, surfaces.reference, shape),
  };
}
