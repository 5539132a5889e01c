import * as tf from '@tensorflow/tfjs-core';
import { type NativeKernel, runOp } from './tensorflow-ops.ts';

const asImage = (x: tf.TensorInfo) => tf.reshape(x as tf.Tensor, [1, 1, -1, x.shape.at(-1)!]);

/** The kernel `SegAddBias`. */
export const addBias: NativeKernel = ({ x, bias }) => {
  const [y] = runOp('BiasAdd', [asImage(x!), bias!], { data_format: 'NHWC' });
  return [tf.reshape(y!, [...x!.shape])];
};

/** The kernel `SegAddBiasGrad`. */
export const addBiasGrad: NativeKernel = ({ dy }) => runOp('BiasAddGrad', [asImage(dy!)], { data_format: 'NHWC' });

/** The kernel `SegSumOfSquares`. */
export const sumOfSquares: NativeKernel = ({ x }) => [tf.mul(runOp('L2Loss', [x!], {})[0]!, 2)];
