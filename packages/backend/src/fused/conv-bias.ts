import { backend_util } from '@tensorflow/tfjs-core';
import type { Convolution } from '../conv/convolution.ts';
import { conv3dGeometry } from '../conv/geometry.ts';
import type { Kernel } from './context.ts';

type Shape5 = [number, number, number, number, number];
type Triple = [number, number, number];

/** The kernel `SegConv3DBias`. */
export function conv3dBias(convolution: Convolution): Kernel {
  return (runtime, { x, filter, bias }, attrs) => {
    const { strides, pad, dilations } = attrs as { strides: Triple; pad: 'same' | 'valid' | number; dilations: Triple };
    const info = backend_util.computeConv3DInfo(x!.shape as Shape5, filter!.shape as Shape5, strides, dilations, pad);
    const y = runtime.makeOutput(info.outShape, 'float32');
    convolution.forward(conv3dGeometry(info), {
      x: runtime.pointer(x!),
      weights: runtime.pointer(filter!),
      weightKey: filter!.dataId,
      bias: runtime.pointer(bias!),
      y: runtime.pointer(y),
    });
    return y;
  };
}
