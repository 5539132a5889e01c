import { SegError } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';
import { checkRank5, checkVector, type Size3, toSize3 } from '../internal/checks.ts';
import { dilatedConv } from './dilated.ts';
import { convGeometry, type Padding, resolvePadding } from './geometry.ts';
import { convForward } from './raw.ts';

export interface Conv3dOptions {
  /** One number or (depth, height, width). Default 1. */
  readonly strides?: number | Size3;
  /** Default 'same'. */
  readonly padding?: Padding;
  /** One number or (depth, height, width). Default 1. */
  readonly dilations?: number | Size3;
  /** [O], added to every voxel: in the same pass where the backend can (`fusedKernels.conv3dBias`), else afterwards. */
  readonly bias?: tf.Tensor;
}

/**
 * 3-D convolution (cross-correlation, as everywhere in deep learning) with gradients to input, kernel and bias of any
 * order, for every stride, padding and dilation.
 *
 * PyTorch's `Conv3d(I, O, 3, stride=2, padding=1)` is `{ strides: 2, padding: 1 }`; `'same'` differs from it on even
 * sizes, because it puts its odd zero at the end. A 2-D network uses depth 1 and kernels [1, k, k].
 *
 * @param x [N, D, H, W, I]
 * @param kernel [kD, kH, kW, I, O]
 * @returns [N, D', H', W', O], D' = floor((D + before + after - dilation * (kD - 1) - 1) / stride) + 1
 * @throws SegError `shape-mismatch` for ranks, channels or sizes that do not fit; `invalid-argument` for bad options.
 */
export function conv3d(x: tf.Tensor5D, kernel: tf.Tensor, options: Conv3dOptions = {}): tf.Tensor5D {
  const { padding = 'same', bias } = options;
  checkRank5('conv3d', 'x', x);
  checkRank5('conv3d', 'kernel', kernel);
  const [kd, kh, kw, inputs, outputs] = kernel.shape as [number, number, number, number, number];
  if (x.shape[4] !== inputs) {
    throw new SegError('shape-mismatch', {
      where: 'conv3d',
      problem: 'x and kernel differ in input channels',
      got: x.shape[4],
      expected: inputs,
    });
  }
  if (bias !== undefined) checkVector('conv3d', 'bias', bias, outputs);
  const strides = toSize3('conv3d', 'strides', options.strides ?? 1);
  const dilations = toSize3('conv3d', 'dilations', options.dilations ?? 1);
  const size: Size3 = [x.shape[1], x.shape[2], x.shape[3]];
  const extent: Size3 = [(kd - 1) * dilations[0] + 1, (kh - 1) * dilations[1] + 1, (kw - 1) * dilations[2] + 1];
  const pads = resolvePadding('conv3d', padding, size, extent, strides);
  const geometry = convGeometry('conv3d', size, extent, strides, pads);
  const spread = ([0, 1, 2] as const).some((a) => extent[a] !== kernel.shape[a]);
  const y = spread ? dilatedConv(x, kernel, geometry, dilations, bias) : convForward(x, kernel, geometry, bias);
  return y as tf.Tensor5D;
}
