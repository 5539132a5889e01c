import { SegError } from '@seg/core';
import {
  backend_util,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv3D,
  type Conv3DAttrs,
  Conv3DBackpropFilterV2,
  type Conv3DBackpropFilterV2Attrs,
  Conv3DBackpropInputV2,
  type Conv3DBackpropInputV2Attrs,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { KernelOverrides } from '../override-kernel.ts';
import type { TfjsRuntime } from '../runtime/kernel-runtime.ts';
import { withFloats } from '../with-floats.ts';
import { Convolution, type ConvolutionOptions } from './convolution.ts';
import { conv2dGeometry, conv3dGeometry } from './geometry.ts';

type Size5 = [number, number, number, number, number];
type Size4 = [number, number, number, number];

interface KernelCall<Names extends string, Attributes> {
  readonly inputs: Readonly<Record<Names, TensorInfo>>;
  readonly attrs: Attributes;
}

/**
 * Puts the fast convolutions in the place of the wasm backend's Conv3D, Conv3DBackpropInputV2 and
 * Conv3DBackpropFilterV2 and adds Conv2DBackpropFilter, which it lacks.
 * @returns The convolutions, for reports and for fused operations.
 */
export function registerConvKernels(
  overrides: KernelOverrides,
  runtime: TfjsRuntime,
  options: ConvolutionOptions = {},
): Convolution {
  const convolution = new Convolution(runtime, options);
  const replaceKernel = <Names extends string, Attributes>(
    name: string,
    compute: (call: KernelCall<Names, Attributes>) => TensorInfo,
  ): void => {
    overrides.register(name, (({ inputs, attrs }: KernelCall<Names, Attributes>) =>
      runtime.attempt(() =>
        withFloats(runtime, inputs, (floats) => compute({ inputs: floats, attrs })),
      )) as unknown as KernelFunc);
  };

  replaceKernel<'x' | 'filter', Conv3DAttrs>(Conv3D, ({ inputs: { x, filter }, attrs }) => {
    const { strides, pad, dilations } = attrs;
    const info = backend_util.computeConv3DInfo(x.shape as Size5, filter.shape as Size5, strides, dilations, pad);
    checkShape(Conv3D, 'filter', filter, [...filter.shape.slice(0, 3), x.shape[4]!, filter.shape[4]!]);
    const y = runtime.makeOutput(info.outShape, 'float32');
    convolution.forward(conv3dGeometry(info), {
      x: runtime.pointer(x),
      weights: runtime.pointer(filter),
      weightKey: filter.dataId,
      bias: 0,
      y: runtime.pointer(y),
    });
    return y;
  });

  replaceKernel<'dy' | 'filter', Conv3DBackpropInputV2Attrs>(
    Conv3DBackpropInputV2,
    ({ inputs: { dy, filter }, attrs }) => {
      const { strides, pad, inputShape } = attrs;
      const info = backend_util.computeConv3DInfo(inputShape, filter.shape as Size5, strides, 1, pad);
      checkShape(Conv3DBackpropInputV2, 'dy', dy, info.outShape);
      checkShape(Conv3DBackpropInputV2, 'filter', filter, [
        ...filter.shape.slice(0, 3),
        inputShape[4],
        filter.shape[4]!,
      ]);
      const dx = runtime.makeOutput(inputShape, 'float32');
      convolution.inputGradient(conv3dGeometry(info), {
        dy: runtime.pointer(dy),
        weights: runtime.pointer(filter),
        weightKey: filter.dataId,
        dx: runtime.pointer(dx),
      });
      return dx;
    },
  );

  replaceKernel<'x' | 'dy', Conv3DBackpropFilterV2Attrs>(Conv3DBackpropFilterV2, ({ inputs: { x, dy }, attrs }) => {
    const { strides, pad, filterShape } = attrs;
    const info = backend_util.computeConv3DInfo(x.shape as Size5, filterShape, strides, 1, pad);
    checkShape(Conv3DBackpropFilterV2, 'dy', dy, info.outShape);
    checkShape(Conv3DBackpropFilterV2, 'x', x, [...x.shape.slice(0, 4), filterShape[3]]);
    const dw = runtime.makeOutput(filterShape, 'float32');
    convolution.filterGradient(conv3dGeometry(info), {
      x: runtime.pointer(x),
      dy: runtime.pointer(dy),
      dw: runtime.pointer(dw),
    });
    return dw;
  });

  replaceKernel<'x' | 'dy', Conv2DBackpropFilterAttrs>(Conv2DBackpropFilter, ({ inputs: { x, dy }, attrs }) => {
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
    if (dataFormat !== 'NHWC') {
      throw new SegError('unsupported', {
        where: Conv2DBackpropFilter,
        problem: 'only channels-last tensors have a filter gradient on wasm',
        got: dataFormat,
        expected: 'NHWC',
        hint: 'Transpose the input to NHWC.',
      });
    }
    const info = backend_util.computeConv2DInfo(
      x.shape as Size4,
      filterShape as Size4,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    checkShape(Conv2DBackpropFilter, 'dy', dy, info.outShape);
    checkShape(Conv2DBackpropFilter, 'x', x, [...x.shape.slice(0, 3), filterShape[2]]);
    const dw = runtime.makeOutput(filterShape, 'float32');
    convolution.filterGradient(conv2dGeometry(info), {
      x: runtime.pointer(x),
      dy: runtime.pointer(dy),
      dw: runtime.pointer(dw),
    });
    return dw;
  });

  return convolution;
}

/** tfjs itself does not look whether a gradient has the shape of the output that it is one of. */
function checkShape(kernel: string, name: string, { shape }: TensorInfo, expected: readonly number[]): void {
  if (shape.join() === expected.join()) return;
  throw new SegError('shape-mismatch', {
    where: kernel,
    problem: `${name} does not fit the other shapes, strides and padding`,
    got: shape,
    expected,
  });
}
