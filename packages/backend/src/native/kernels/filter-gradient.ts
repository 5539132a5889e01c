import * as tf from '@tensorflow/tfjs-core';
import { overrideKernel } from '../../override-kernel.ts';

interface Attrs {
  readonly strides: number | readonly number[];
  readonly pad: 'valid' | 'same' | number;
  readonly filterShape: readonly [number, number, number, number, number];
}

// Where oneDNN's three-dimensional filter gradient falls behind its two-dimensional one, by measurement.
const leastInputs = 32;
const mostOutputs = 32;
const leastVoxels = 2 ** 15;

let stock: tf.KernelConfig | undefined;

/**
 * Puts a sum of two-dimensional filter gradients in the place of Conv3DBackpropFilterV2 for large volumes with many
 * input and few output channels: for each tap in depth one over all slices, which are the batch.
 */
export function registerFilterGradient(): void {
  stock ??= tf.getKernel('Conv3DBackpropFilterV2', 'tensorflow');
  const own = stock!;
  overrideKernel({
    ...own,
    kernelFunc: (call) => {
      const { x, dy } = call.inputs as { x: tf.Tensor; dy: tf.Tensor };
      const attrs = call.attrs as unknown as Attrs;
      const strides = typeof attrs.strides === 'number' ? [attrs.strides] : attrs.strides;
      const [depth] = attrs.filterShape;
      const [, d, h, w, outputs] = dy.shape as [number, number, number, number, number];
      const suits =
        x.shape[4]! >= leastInputs &&
        outputs <= mostOutputs &&
        d * h * w >= leastVoxels &&
        depth % 2 === 1 &&
        depth <= d;
      if (attrs.pad !== 'same' || strides.some((s) => s !== 1) || !suits) return own.kernelFunc(call);
      return tf.tidy(() => sumOfSlices(x, dy, attrs.filterShape));
    },
  });
}

function sumOfSlices(x: tf.Tensor, dy: tf.Tensor, filterShape: Attrs['filterShape']): tf.Tensor {
  const [depth, ...filter] = filterShape;
  const [samples, slices] = x.shape as [number, number];
  // A range of the first axis is no copy.
  const images = (t: tf.Tensor) => tf.reshape(t, [samples * slices, t.shape[2]!, t.shape[3]!, t.shape[4]!]);
  const [xs, dys] = [images(x), images(dy)];
  const range = (t: tf.Tensor, from: number, count: number) =>
    tf.slice(t, [from, 0, 0, 0], [count, t.shape[1]!, t.shape[2]!, t.shape[3]!]);
  const taps = Array.from({ length: depth }, (_, tap) => {
    const shift = tap - (depth - 1) / 2;
    const count = slices - Math.abs(shift);
    const ofSamples = Array.from({ length: samples }, (_, n) =>
      tf.engine().runKernel<tf.Tensor>(
        'Conv2DBackpropFilter',
        {
          x: range(xs, n * slices + Math.max(0, shift), count),
          dy: range(dys, n * slices + Math.max(0, -shift), count),
        },
        { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', filterShape: filter },
      ),
    );
    return ofSamples.length === 1 ? ofSamples[0]! : tf.addN(ofSamples);
  });
  return tf.stack(taps);
}
