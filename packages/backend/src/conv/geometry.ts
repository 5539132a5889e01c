import type { backend_util } from '@tensorflow/tfjs-core';

/** Depth, height, width. */
export type Size3 = readonly [number, number, number];

/** A 3-D convolution of NDHWC tensors with weights [depth, height, width, in, out]; sizes in voxels. */
export interface ConvGeometry {
  readonly batch: number;
  readonly input: Size3;
  readonly output: Size3;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: Size3;
  readonly stride: Size3;
  readonly dilation: Size3;
  /** Zeros before the first voxel; negative when the first window starts inside, as tfjs-core has it for some strides. */
  readonly pad: Size3;
}

/** The geometry of tfjs-core's description of a 3-D convolution. */
export function conv3dGeometry(info: backend_util.Conv3DInfo): ConvGeometry {
  return {
    batch: info.batchSize,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    kernel: [info.filterDepth, info.filterHeight, info.filterWidth],
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilation: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    pad: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}

/** The geometry of tfjs-core's description of a 2-D convolution: one plane deep. */
export function conv2dGeometry(info: backend_util.Conv2DInfo): ConvGeometry {
  return {
    batch: info.batchSize,
    input: [1, info.inHeight, info.inWidth],
    output: [1, info.outHeight, info.outWidth],
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    kernel: [1, info.filterHeight, info.filterWidth],
    stride: [1, info.strideHeight, info.strideWidth],
    dilation: [1, info.dilationHeight, info.dilationWidth],
    pad: [0, info.padInfo.top, info.padInfo.left],
  };
}

/** Product of the three sizes. */
export const volumeOf = (size: Size3): number => size[0] * size[1] * size[2];

/** Applies `f` to each axis. */
export const perAxis = (f: (axis: 0 | 1 | 2) => number): Size3 => [f(0), f(1), f(2)];

/** Whether all three values are `value`. */
export const allAre = (size: Size3, value: number): boolean => size.every((x) => x === value);

/** Whether every output voxel depends on the input voxel in its place alone. */
export const isPointwise = (g: ConvGeometry): boolean => allAre(g.kernel, 1) && allAre(g.stride, 1) && allAre(g.pad, 0);

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** Names a form of the weights: tensors of different shapes may share their data. */
export const weightKind = (form: string, g: ConvGeometry): string =>
  `${form} ${g.kernel} ${g.inChannels} ${g.outChannels}`;

/** What descriptors of Winograd's method tell of the shape: bytes of a sample and of a voxel, sizes, pads, channels. */
export const shapeFields = (g: ConvGeometry) => ({
  xn: volumeOf(g.input) * 4 * g.inChannels,
  cb: 4 * g.inChannels,
  yn: volumeOf(g.output) * 4 * g.outChannels,
  yb: 4 * g.outChannels,
  n: g.batch,
  d: g.input[0],
  h: g.input[1],
  w: g.input[2],
  od: g.output[0],
  oh: g.output[1],
  ow: g.output[2],
  pd: g.pad[0],
  ph: g.pad[1],
  pw: g.pad[2],
  ci: g.inChannels,
  co: g.outChannels,
  kd: g.kernel[0],
  ds: g.stride[0],
});
