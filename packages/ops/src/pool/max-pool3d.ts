import * as tf from '@tensorflow/tfjs-core';
import { convGeometry, kernelPad, resolvePadding } from '../conv/geometry.ts';
import { checkRank5, type Size3, toSize3 } from '../internal/checks.ts';
import { runCustomOp } from '../internal/custom-op.ts';
import { runKernel } from '../internal/fused.ts';
import type { PoolOptions } from './avg-pool3d.ts';

/**
 * Maximum pooling; padding never wins (it counts as minus infinity). The gradient goes to the first maximum of each
 * window in (depth, height, width) order, as in PyTorch.
 *
 * @param x [N, D, H, W, C]
 * @throws SegError `shape-mismatch` when the window does not fit, `invalid-argument` for bad options.
 */
export function maxPool3d(x: tf.Tensor5D, options: PoolOptions = {}): tf.Tensor5D {
  const where = 'maxPool3d';
  checkRank5(where, 'x', x);
  const filterSize = toSize3(where, 'size', options.size ?? 2);
  const strides = toSize3(where, 'strides', options.strides ?? filterSize);
  const input: Size3 = [x.shape[1], x.shape[2], x.shape[3]];
  const pads = resolvePadding(where, options.padding ?? 'valid', input, filterSize, strides);
  const geometry = convGeometry(where, input, filterSize, strides, pads);
  const pad = kernelPad(geometry);
  if (pad !== undefined) return pooled(x, { filterSize, strides, pad }) as tf.Tensor5D;
  return tf.tidy(() => {
    const lowest = -3.4028234663852886e38;
    const padded = tf.pad(x, [[0, 0], ...pads.map(([a, b]) => [a, b] as [number, number]), [0, 0]], lowest);
    return pooled(padded, { filterSize, strides, pad: 'valid' }) as tf.Tensor5D;
  });
}

interface PoolAttrs {
  readonly filterSize: Size3;
  readonly strides: Size3;
  readonly pad: 'valid' | 'same' | number;
}

function pooled(x: tf.Tensor, attrs: PoolAttrs): tf.Tensor {
  return runCustomOp({
    inputs: { x },
    forward: (save) => {
      const y = runKernel('MaxPool3D', { x }, { ...attrs, dataFormat: 'NDHWC' })[0]!;
      save([x, y]);
      return y;
    },
    gradient: (dy, [input, output]) => ({
      x: () => runKernel('MaxPool3DGrad', { dy, input: input!, output: output! }, attrs)[0]!,
    }),
  })[0]!;
}
