import { SegError } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';
import { checkRank5, checkVector, type Size3, toSize3 } from '../internal/checks.ts';
import { convGeometry, type Padding, type PadPairs, resolvePadding } from './geometry.ts';
import { convInputGrad } from './raw.ts';

export interface Conv3dTransposeOptions {
  /** One number or (depth, height, width). Default 1. */
  readonly strides?: number | Size3;
  /**
   * Zeros that the convolution of which this is the transpose would add, so cut off here. Default 'same': the output
   * is input * stride.
   */
  readonly padding?: Padding;
  /** Further voxels at the end of each axis, less than the stride (PyTorch's `output_padding`); not with 'same'. Default 0. */
  readonly outputPadding?: number | Size3;
  /** [O], added to every voxel. */
  readonly bias?: tf.Tensor;
}

/**
 * Transposed 3-D convolution with gradients to input, kernel and bias of any order.
 *
 * PyTorch's `ConvTranspose3d(I, O, 4, stride=2, padding=1)` is `{ strides: 2, padding: 1 }`, and its weight
 * [I, O, kD, kH, kW] is this kernel with the axes in the order (2, 3, 4, 1, 0).
 *
 * @param x [N, D, H, W, I]
 * @param kernel [kD, kH, kW, O, I]: the layout of the convolution from O to I channels that this transposes.
 * @returns [N, D', H', W', O], D' = (D - 1) * stride + kD - before - after + outputPadding
 * @throws SegError `shape-mismatch` for ranks, channels or sizes that do not fit; `invalid-argument` for bad options.
 */
export function conv3dTranspose(x: tf.Tensor5D, kernel: tf.Tensor, options: Conv3dTransposeOptions = {}): tf.Tensor5D {
  const where = 'conv3dTranspose';
  const { padding = 'same', bias } = options;
  checkRank5(where, 'x', x);
  checkRank5(where, 'kernel', kernel);
  const [kd, kh, kw, outputs, inputs] = kernel.shape as [number, number, number, number, number];
  if (x.shape[4] !== inputs) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'x and kernel differ in input channels',
      got: x.shape[4],
      expected: inputs,
      hint: 'The kernel is [kD, kH, kW, outputs, inputs].',
    });
  }
  if (bias !== undefined) checkVector(where, 'bias', bias, outputs);
  const strides = toSize3(where, 'strides', options.strides ?? 1);
  const extra = toSize3(where, 'outputPadding', options.outputPadding ?? 0, 0);
  if (extra.some((n, a) => n > 0 && (padding === 'same' || n >= strides[a]!))) {
    throw new SegError('invalid-argument', {
      where,
      problem: "outputPadding must be less than the stride, and 0 with padding 'same'",
      got: { outputPadding: extra, padding, strides },
    });
  }
  const small: Size3 = [x.shape[1], x.shape[2], x.shape[3]];
  const kernelSize: Size3 = [kd, kh, kw];
  const { large, pads } = largeSide(small, kernelSize, strides, extra, padding);
  const geometry = convGeometry(where, large, kernelSize, strides, pads);
  return convInputGrad(x, kernel, geometry, bias) as tf.Tensor5D;
}

function largeSide(small: Size3, kernel: Size3, strides: Size3, extra: Size3, padding: Padding) {
  const where = 'conv3dTranspose';
  if (padding === 'same') {
    const large = small.map((n, a) => n * strides[a]!) as unknown as Size3;
    const total = small.map((n, a) => Math.max(0, (n - 1) * strides[a]! + kernel[a]! - large[a]!));
    return { large, pads: total.map((t) => [Math.floor(t / 2), Math.ceil(t / 2)]) as unknown as PadPairs };
  }
  const pads = resolvePadding(where, padding, small, kernel, strides);
  const size = (a: 0 | 1 | 2) => (small[a] - 1) * strides[a] + kernel[a] - pads[a][0] - pads[a][1] + extra[a];
  const large: Size3 = [size(0), size(1), size(2)];
  if (large.some((n) => n < 1)) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the padding leaves no output',
      got: { input: small, kernel, padding },
    });
  }
  return { large, pads };
}
