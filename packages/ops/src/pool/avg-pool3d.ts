import type * as tf from '@tensorflow/tfjs-core';
import { convGeometry, type Padding, resolvePadding } from '../conv/geometry.ts';
import { checkRank5, type Size3, toSize3 } from '../internal/checks.ts';
import { type AxisMatrix, applyAxisMatrices, zeroMatrix } from '../resize/axis-matrices.ts';

export interface PoolOptions {
  /** Window, one number or (depth, height, width). Default 2. */
  readonly size?: number | Size3;
  /** Default: the window. */
  readonly strides?: number | Size3;
  /** Default 'valid'. */
  readonly padding?: Padding;
}

/**
 * Average pooling over the voxels of each window that lie inside the volume (padding counts for nothing: TensorFlow's
 * rule, and PyTorch's with `count_include_pad=False`), with the correct gradient to any order.
 *
 * @param x [N, D, H, W, C]
 * @throws SegError `shape-mismatch` when the window does not fit, `invalid-argument` for bad options.
 */
export function avgPool3d(x: tf.Tensor5D, options: PoolOptions = {}): tf.Tensor5D {
  const where = 'avgPool3d';
  checkRank5(where, 'x', x);
  const size = toSize3(where, 'size', options.size ?? 2);
  const strides = toSize3(where, 'strides', options.strides ?? size);
  const input: Size3 = [x.shape[1], x.shape[2], x.shape[3]];
  const pads = resolvePadding(where, options.padding ?? 'valid', input, size, strides);
  const { output } = convGeometry(where, input, size, strides, pads);
  const axis = (a: 0 | 1 | 2) => averages(input[a], output[a], size[a], strides[a], pads[a][0]);
  return applyAxisMatrices(x, [axis(0), axis(1), axis(2)]) as tf.Tensor5D;
}

// The count of a window is the product of its counts per axis, so clipped averages separate too.
function averages(from: number, to: number, size: number, stride: number, before: number): AxisMatrix | undefined {
  if (size === 1 && stride === 1 && to === from) return undefined;
  const matrix = zeroMatrix(to, from);
  for (let i = 0; i < to; i++) {
    const start = Math.max(0, i * stride - before);
    const end = Math.min(from, i * stride - before + size);
    for (let j = start; j < end; j++) matrix.values[i * from + j] = 1 / (end - start);
  }
  return matrix;
}
