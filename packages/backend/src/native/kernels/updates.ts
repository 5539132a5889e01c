import { dispose, type Tensor, type TensorInfo, tensor1d } from '@tensorflow/tfjs-core';
import { adamNumbers, sgdNumbers } from '../../update-numbers.ts';
import { type NativeKernel, nodeBackend, runOwnOp } from './tensorflow-ops.ts';

/**
 * Gives tensors the values of others, which are disposed. TensorFlow's tensors never change, as they may share their
 * memory with others; what changes is which of them the backend keeps for ours.
 */
function become(changed: readonly TensorInfo[], values: readonly Tensor[]): void {
  const { tensorMap } = nodeBackend();
  changed.forEach((info, i) => {
    const [own, next] = [tensorMap.get(info.dataId), tensorMap.get(values[i]!.dataId)];
    [own.id, next.id] = [next.id, own.id];
  });
  dispose([...values]);
}

/** The kernel `SegSgdUpdate`. */
export const sgdUpdate: NativeKernel = ({ param, grad, velocity }, attrs) => {
  const numbers = tensor1d(sgdNumbers(attrs));
  become([param!, velocity!], runOwnOp('SegSgdUpdate', [param!, grad!, velocity!, numbers], {}, 2));
  return [];
};

/** The kernel `SegAdamUpdate`. */
export const adamUpdate: NativeKernel = ({ param, grad, first, second }, attrs) => {
  const numbers = tensor1d(adamNumbers(attrs));
  const inputs = [param!, grad!, first!, second!, numbers];
  become([param!, first!, second!], runOwnOp('SegAdamUpdate', inputs, {}, 3));
  return [];
};
