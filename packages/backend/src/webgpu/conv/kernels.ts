import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { type ConvGeometry, conv3dGeometry } from '../../conv/geometry.ts';
import type { GpuKernel } from '../kernel.ts';
import type { GpuBackend } from '../program.ts';
import { filterGradient } from './filter-gradient.ts';
import { gatherConvolution } from './gather-convolution.ts';
import { forwardGather, inputGradientGathers } from './phases.ts';

type Shape5 = [number, number, number, number, number];
type Triple = [number, number, number];

interface ConvAttrs {
  readonly strides: Triple | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dilations?: Triple | number;
}

function geometryOf(x: readonly number[], filter: readonly number[], attrs: Record<string, unknown>): ConvGeometry {
  const { strides, pad, dilations = 1 } = attrs as unknown as ConvAttrs;
  return conv3dGeometry(backend_util.computeConv3DInfo(x as Shape5, filter as Shape5, strides, dilations, pad));
}

/** tfjs's `Conv3D`, and `SegConv3DBias` when there is a bias. */
export const conv3d: GpuKernel = (backend, { x, filter, bias }, attrs) => {
  const g = geometryOf(x!.shape, filter!.shape, attrs);
  const result = backend.makeTensorInfo([g.batch, ...g.output, g.outChannels], 'float32');
  gatherConvolution(backend, forwardGather(g), { source: x!, filter: filter!, bias, result }, false);
  return result;
};

/** tfjs's `Conv3DBackpropInputV2`, which is also the transposed convolution. */
export const conv3dInputGradient: GpuKernel = (backend, { dy, filter }, attrs) => {
  const inputShape = attrs.inputShape as Shape5;
  const g = geometryOf(inputShape, filter!.shape, attrs);
  const result = backend.makeTensorInfo(inputShape, 'float32');
  const tensors = { source: dy!, filter: filter!, result };
  for (const gather of inputGradientGathers(g)) gatherConvolution(backend, gather, tensors, true);
  return result;
};

/** tfjs's `Conv3DBackpropFilterV2`. */
export const conv3dFilterGradient: GpuKernel = (backend: GpuBackend, { x, dy }, attrs): TensorInfo => {
  const filterShape = attrs.filterShape as Shape5;
  const g = geometryOf(x!.shape, filterShape, attrs);
  const dw = backend.makeTensorInfo(filterShape, 'float32');
  filterGradient(backend, g, { x: x!, dy: dy!, dw });
  return dw;
};
