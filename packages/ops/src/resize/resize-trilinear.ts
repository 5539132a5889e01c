import type * as tf from '@tensorflow/tfjs-core';
import { fusedKernels } from '../fused-kernels.ts';
import { checkRank5, type Size3, toSize3 } from '../internal/checks.ts';
import { runCustomOp } from '../internal/custom-op.ts';
import { hasKernel, runKernel } from '../internal/fused.ts';
import { type AxisMatrices, type AxisMatrix, applyAxisMatrices, zeroMatrix } from './axis-matrices.ts';

/**
 * Trilinear resize with half-pixel centres and clamped edges: PyTorch's `interpolate(mode='trilinear',
 * align_corners=False)`. Differentiable to any order; no anti-aliasing when shrinking.
 *
 * @param x [N, D, H, W, C]
 * @param size new [D, H, W]
 * @throws SegError `shape-mismatch` unless x has rank 5, `invalid-argument` for sizes that are not positive integers.
 */
export function resizeTrilinear(x: tf.Tensor5D, size: Size3): tf.Tensor5D {
  checkRank5('resizeTrilinear', 'x', x);
  const target = toSize3('resizeTrilinear', 'size', size);
  if (!(hasKernel(fusedKernels.resizeTrilinear) && hasKernel(fusedKernels.resizeTrilinearGrad))) {
    const axis = (a: 0 | 1 | 2) => interpolation(x.shape[a + 1]!, target[a]);
    return applyAxisMatrices(x, [axis(0), axis(1), axis(2)] as AxisMatrices) as tf.Tensor5D;
  }
  return fusedResize(x, target) as tf.Tensor5D;
}

function fusedResize(x: tf.Tensor, size: Size3): tf.Tensor {
  const inputSize = x.shape.slice(1, 4) as unknown as Size3;
  return runCustomOp({
    inputs: { x },
    forward: () => runKernel(fusedKernels.resizeTrilinear, { x }, { size }),
    gradient: (dy) => ({ x: () => fusedAdjoint(dy, inputSize) }),
  })[0]!;
}

function fusedAdjoint(dy: tf.Tensor, inputSize: Size3): tf.Tensor {
  const size = dy.shape.slice(1, 4) as unknown as Size3;
  return runCustomOp({
    inputs: { dy },
    forward: () => runKernel(fusedKernels.resizeTrilinearGrad, { dy }, { inputSize }),
    gradient: (dz) => ({ dy: () => fusedResize(dz, size) }),
  })[0]!;
}

/** Row i holds the two weights that give new voxel i from the old line. */
function interpolation(from: number, to: number): AxisMatrix | undefined {
  if (from === to) return undefined;
  const matrix = zeroMatrix(to, from);
  for (let i = 0; i < to; i++) {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, from - 1);
    matrix.values[i * from + low]! += 1 - (position - low);
    matrix.values[i * from + high]! += position - low;
  }
  return matrix;
}
