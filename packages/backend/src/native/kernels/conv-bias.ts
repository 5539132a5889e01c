import * as tf from '@tensorflow/tfjs-core';
import { type NativeKernel, runOwnOp } from './tensorflow-ops.ts';

/** The kernel `SegConv3DBias`: the bias is added in place, to a result that nobody has seen yet. */
export const conv3dBias: NativeKernel = ({ x, filter, bias }, attrs) => {
  const inputs = { x: x as tf.Tensor, filter: filter as tf.Tensor };
  const y = tf.engine().runKernel<tf.Tensor>('Conv3D', inputs, attrs as tf.NamedAttrMap);
  return runOwnOp('SegBiasInPlace', [y, bias!]);
};
