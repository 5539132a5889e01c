import type { Rng, Triple } from '@seg/core';
import { affineGrid, affineMatrix } from '../spatial/coordinates.ts';
import { addElasticDisplacement } from '../spatial/elastic.ts';
import { sampleLabels } from '../spatial/sample.ts';
import { checkLabelMap } from './morphology.ts';

export interface JitterOptions {
  /** Standard deviation of the contour's displacement, voxels. */
  readonly standardDeviationVoxels: number;
  /** Distance over which the displacement changes, voxels: small for a trembling hand, large for a sloppy one. Default 4. */
  readonly correlationVoxels?: number;
}

/** Moves the contours by smooth random displacements, labels staying whole. A new array. */
export function jitterContour(label: Uint8Array, shape: Triple, options: JitterOptions, rng: Rng): Uint8Array {
  checkLabelMap('jitterContour', label, shape);
  const { standardDeviationVoxels, correlationVoxels = 4 } = options;
  const axes = [0, 1, 2].filter((axis) => shape[axis]! > 1);
  const grid = affineGrid(affineMatrix(shape, shape), shape);
  addElasticDisplacement(grid, { standardDeviationVoxels, controlSpacingVoxels: correlationVoxels, axes }, rng);
  return sampleLabels(label, shape, grid, 'edge');
}
