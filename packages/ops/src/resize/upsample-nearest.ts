import type * as tf from '@tensorflow/tfjs-core';
import { checkRank5, type Size3, toSize3 } from '../internal/checks.ts';
import { type AxisMatrix, applyAxisMatrices, zeroMatrix } from './axis-matrices.ts';

/**
 * Repeats every voxel along each axis, differentiable to any order.
 *
 * @param x [N, D, H, W, C]
 * @param factors copies of each voxel along (depth, height, width), or one number for all
 * @returns [N, D * fD, H * fH, W * fW, C]
 */
export function upsampleNearest(x: tf.Tensor5D, factors: number | Size3): tf.Tensor5D {
  checkRank5('upsampleNearest', 'x', x);
  const f = toSize3('upsampleNearest', 'factors', factors);
  const axis = (a: 0 | 1 | 2) => repetition(x.shape[a + 1]!, f[a]);
  return applyAxisMatrices(x, [axis(0), axis(1), axis(2)]) as tf.Tensor5D;
}

function repetition(from: number, factor: number): AxisMatrix | undefined {
  if (factor === 1) return undefined;
  const matrix = zeroMatrix(from * factor, from);
  for (let i = 0; i < matrix.rows; i++) matrix.values[i * from + Math.floor(i / factor)] = 1;
  return matrix;
}
