import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { type Kernel, sizeOf } from './context.ts';
import { partRange, partsFor } from './parts.ts';

type Shape5 = [number, number, number, number, number];
type Triple = [number, number, number];

interface PoolAttrs {
  readonly filterSize: Triple | number;
  readonly strides: Triple | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dilations?: Triple | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function infoOf(x: TensorInfo, attrs: Record<string, unknown>) {
  const { filterSize, strides, pad, dilations, dimRoundingMode } = attrs as unknown as PoolAttrs;
  return backend_util.computePool3DInfo(x.shape as Shape5, filterSize, strides, dilations ?? 1, pad, dimRoundingMode);
}

type PoolInfo = ReturnType<typeof infoOf>;

/** Whether the windows are 2 x 2 x 2, side by side, over all of the volume, with channels in fours. */
function isHalving(info: PoolInfo): boolean {
  const two = [
    info.filterDepth,
    info.filterHeight,
    info.filterWidth,
    info.strideDepth,
    info.strideHeight,
    info.strideWidth,
  ];
  const sizes = [info.inDepth, info.inHeight, info.inWidth, info.outDepth * 2, info.outHeight * 2, info.outWidth * 2];
  const { front, top, left } = info.padInfo;
  const plain = front + top + left === 0 && info.dilationDepth * info.dilationHeight * info.dilationWidth === 1;
  const whole = sizes[0] === sizes[3] && sizes[1] === sizes[4] && sizes[2] === sizes[5];
  return plain && whole && two.every((n) => n === 2) && info.inChannels % 4 === 0;
}

/** Sizes as the general kernels take them: input, output, window, strides, dilations, padding. */
function sizesOf(info: PoolInfo): number[] {
  return [
    ...[info.inDepth, info.inHeight, info.inWidth, info.inChannels, info.outDepth, info.outHeight, info.outWidth],
    ...[info.filterDepth, info.filterHeight, info.filterWidth, info.strideDepth, info.strideHeight, info.strideWidth],
    ...[info.dilationDepth, info.dilationHeight, info.dilationWidth],
    ...[info.padInfo.front, info.padInfo.top, info.padInfo.left],
  ];
}

/** tfjs's `MaxPool3D`. */
export const maxPool3d: Kernel = (runtime, { x }, attrs) => {
  const info = infoOf(x!, attrs);
  const y = runtime.makeOutput(info.outShape, 'float32');
  if (sizeOf(info.outShape) === 0) return y;
  const planes = info.batchSize * info.outDepth;
  const parts = partsFor(planes, (8 * sizeOf(info.outShape)) / planes);
  const [from, to] = [runtime.pointer(x!), runtime.pointer(y)];
  if (isHalving(info)) {
    const { inHeight, inWidth, inChannels } = info;
    runtime.run('fused', 'maxPool2', parts, (part) => [
      from,
      inHeight,
      inWidth,
      inChannels,
      to,
      ...partRange(planes, part, parts),
    ]);
  } else {
    const sizes = sizesOf(info);
    runtime.run('fused', 'maxPool', parts, (part) => [from, ...sizes, to, ...partRange(planes, part, parts)]);
  }
  return y;
};

/** tfjs's `MaxPool3DGrad`; the gradient goes to the first maximum of a window, as in PyTorch. */
export const maxPool3dGrad: Kernel = (runtime, { dy, input }, attrs) => {
  const info = infoOf(input!, attrs);
  const dx = runtime.makeOutput(input!.shape, 'float32');
  const [from, grad, to] = [runtime.pointer(input!), runtime.pointer(dy!), runtime.pointer(dx)];
  const size = sizeOf(info.outShape);
  if (size > 0 && isHalving(info)) {
    const { inHeight, inWidth, inChannels } = info;
    const planes = info.batchSize * info.outDepth;
    const parts = partsFor(planes, (8 * size) / planes);
    runtime.run('fused', 'maxPoolGrad2', parts, (part) => {
      return [from, grad, inHeight, inWidth, inChannels, to, ...partRange(planes, part, parts)];
    });
    return dx;
  }
  runtime.exports('fused').fill!(to, sizeOf(input!.shape), 0);
  if (size === 0) return dx;
  // Windows may overlap, so the work is cut along the channels.
  const sizes = sizesOf(info);
  const parts = partsFor(info.inChannels, (8 * size) / info.inChannels);
  runtime.run('fused', 'maxPoolGrad', parts, (part) => {
    return [from, grad, info.batchSize, ...sizes, to, ...partRange(info.inChannels, part, parts)];
  });
  return dx;
};
