import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { type NativeKernel, type OpAttributes, runOwnOp } from './tensorflow-ops.ts';

type Size3 = [number, number, number];

function windows(x: TensorInfo, attrs: Record<string, unknown>): OpAttributes {
  const { filterSize, strides, pad } = attrs as { filterSize: Size3; strides: Size3; pad: 'valid' | 'same' | number };
  const shape = x.shape as [number, number, number, number, number];
  const info = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad);
  const { front, top, left } = info.padInfo;
  const output = [info.outDepth, info.outHeight, info.outWidth];
  return { size: filterSize, strides, before: [front, top, left], output };
}

/** The kernel `SegMaxPool3D`. */
export const maxPool3d: NativeKernel = ({ x }, attrs) => runOwnOp('SegMaxPool3D', [x!], windows(x!, attrs));

/** The kernel `SegMaxPool3DGrad`. */
export const maxPool3dGrad: NativeKernel = ({ dy, input, output }, attrs) =>
  runOwnOp('SegMaxPool3DGrad', [dy!, input!, output!], windows(input!, attrs));
