import * as tf from '@tensorflow/tfjs-core';
import { overrideKernel } from '../../override-kernel.ts';

interface Attrs {
  readonly strides: number | readonly [number, number, number];
  readonly pad: 'valid' | 'same' | number;
}

let stock: tf.KernelConfig | undefined;

/**
 * Keeps Conv3D from a case that TensorFlow's processor kernel gets wrong: one input channel, a stride above 1 along the
 * width but not along the height, and a result of width 1, of which rows are then left unwritten. A second channel of
 * zeros takes the kernel past it.
 */
export function registerNarrowConvolution(): void {
  stock ??= tf.getKernel('Conv3D', 'tensorflow');
  const own = stock!;
  overrideKernel({
    ...own,
    kernelFunc: (call) => {
      const { x, filter } = call.inputs as { x: tf.Tensor; filter: tf.Tensor };
      if (!isMiscomputed(x, filter, call.attrs as unknown as Attrs)) return own.kernelFunc(call);
      return tf.tidy(() => {
        const doubled = { x: tf.concat([x, tf.zerosLike(x)], 4), filter: tf.concat([filter, tf.zerosLike(filter)], 3) };
        return own.kernelFunc({ ...call, inputs: doubled }) as tf.Tensor;
      });
    },
  });
}

function isMiscomputed(x: tf.Tensor, filter: tf.Tensor, { strides, pad }: Attrs): boolean {
  const [, high, wide] = typeof strides === 'number' ? [strides, strides, strides] : strides;
  if (x.shape[4] !== 1 || high !== 1 || wide === 1) return false;
  const width =
    pad === 'same' ? Math.ceil(x.shape[3]! / wide) : Math.floor((x.shape[3]! - filter.shape[2]!) / wide) + 1;
  return width === 1;
}
