import { type Rng, SegError, voxelCount } from '@seg/core';
import type { SamplingGrid } from './coordinates.ts';
import { bsplineWeights } from './cubic-spline.ts';

export interface ElasticOptions {
  /** Standard deviation of each displacement component, voxels. */
  readonly standardDeviationVoxels: number;
  /** Distance of the control points, voxels; larger is smoother. Default 10. */
  readonly controlSpacingVoxels?: number;
  /** Components that move (0 = z, 1 = y, 2 = x). Default all three. */
  readonly axes?: readonly number[];
}

/** Mean over a period of the sum of the squared weights of a cubic B-spline: the septic B-spline at 0. */
const WEIGHT_ENERGY = 151 / 315;

/**
 * Moves a grid, in place, by the smooth random displacements of a cubic B-spline free-form deformation.
 *
 * @returns the same grid.
 */
export function addElasticDisplacement(grid: SamplingGrid, options: ElasticOptions, rng: Rng): SamplingGrid {
  const { standardDeviationVoxels, controlSpacingVoxels = 10, axes = [0, 1, 2] } = options;
  if (!(standardDeviationVoxels >= 0) || !(controlSpacingVoxels >= 1)) {
    throw new SegError('invalid-argument', {
      where: 'addElasticDisplacement',
      problem: 'the standard deviation must be at least 0 and the control spacing at least 1 voxel',
      got: { standardDeviationVoxels, controlSpacingVoxels },
    });
  }
  const voxels = voxelCount(grid.shape);
  const [z, y, x] = grid.shape.map((size) => controlBasis(size, controlSpacingVoxels)) as [Basis, Basis, Basis];
  const controls = new Float32Array(z.controls * y.controls * x.controls);
  const standardDeviation = standardDeviationVoxels / WEIGHT_ENERGY ** 1.5;
  for (const axis of axes) {
    rng.fillNormal(controls, 0, standardDeviation);
    const alongX = evaluateRows(controls, z.controls * y.controls, x);
    const plane = grid.coordinates.subarray(axis * voxels, (axis + 1) * voxels);
    const alongY = evaluateColumns(alongX, z.controls, y, x.size);
    const displacement = evaluateColumns(alongY, 1, z, y.size * x.size);
    for (let i = 0; i < voxels; i++) plane[i]! += displacement[i]!;
  }
  return grid;
}

interface Basis {
  readonly size: number;
  readonly controls: number;
  /** First of the four control points of each voxel. */
  readonly first: Int32Array;
  /** Four weights a voxel. */
  readonly weights: Float64Array;
}

function controlBasis(size: number, spacing: number): Basis {
  const first = new Int32Array(size);
  const weights = new Float64Array(4 * size);
  for (let i = 0; i < size; i++) {
    const position = i / spacing;
    first[i] = Math.floor(position);
    bsplineWeights(position - first[i]!, weights, 4 * i);
  }
  return { size, controls: Math.floor((size - 1) / spacing) + 4, first, weights };
}

/** [rows, controls] to [rows, size]. */
function evaluateRows(input: Float32Array, rows: number, { size, controls, first, weights }: Basis): Float32Array {
  const output = new Float32Array(rows * size);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < size; i++) {
      const from = row * controls + first[i]!;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += weights[4 * i + k]! * input[from + k]!;
      output[row * size + i] = sum;
    }
  }
  return output;
}

/** [blocks, controls, inner] to [blocks, size, inner]. */
function evaluateColumns(input: Float32Array, blocks: number, basis: Basis, inner: number): Float32Array {
  const { size, controls, first, weights } = basis;
  const output = new Float32Array(blocks * size * inner);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < size; i++) {
      const to = (block * size + i) * inner;
      for (let k = 0; k < 4; k++) {
        const weight = weights[4 * i + k]!;
        const from = (block * controls + first[i]! + k) * inner;
        for (let j = 0; j < inner; j++) output[to + j]! += weight * input[from + j]!;
      }
    }
  }
  return output;
}
