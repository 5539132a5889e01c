import * as tf from '@tensorflow/tfjs-core';
import type { NativeKernel } from './tensorflow-ops.ts';

type Size3 = readonly [number, number, number];

/** One axis of [N, D, H, W, C] cut into windows: [before, windows, window, after]. */
function windowsAlong(shape: readonly number[], axis: number, window: number): [number, number, number] {
  const product = (part: readonly number[]) => part.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)) * (shape[axis]! / window), window, product(shape.slice(axis + 1))];
}

const pooled = (shape: readonly number[], axis: number, window: number) =>
  shape.map((n, a) => (a === axis ? n / window : n));

/** Cuts off what no window covers. */
function covered(x: tf.Tensor, window: Size3): tf.Tensor {
  const size = x.shape.map((n, a) => (a === 0 || a === 4 ? n : n - (n % window[a - 1]!)));
  return size.join() === x.shape.join() ? x : tf.slice(x, [0, 0, 0, 0, 0], size);
}

/** Maxima along width, then height, then depth; the last is the result. */
function maxima(x: tf.Tensor, window: Size3): tf.Tensor[] {
  const levels = [covered(x, window)];
  for (const axis of [3, 2, 1]) {
    const last = levels.at(-1)!;
    const size = window[axis - 1]!;
    const lines = tf.reshape(last, windowsAlong(last.shape, axis, size));
    levels.push(tf.reshape(tf.max(lines, 1), pooled(last.shape, axis, size)));
  }
  return levels;
}

/** The kernel `SegMaxPool3D` for windows that tile the volume: TensorFlow's own pooling takes ten times as long. */
export const maxPool3d: NativeKernel = ({ x }, { filterSize }) => [maxima(x as tf.Tensor, filterSize as Size3).at(-1)!];

/** The kernel `SegMaxPool3DGrad` for windows that tile the volume. */
export const maxPool3dGrad: NativeKernel = ({ dy, input }, { filterSize }) => {
  const window = filterSize as Size3;
  const [whole, alongWidth, alongHeight] = maxima(input as tf.Tensor, window);
  let gradient = dy as tf.Tensor;
  for (const [axis, values] of [
    [1, alongHeight!],
    [2, alongWidth!],
    [3, whole!],
  ] as const) {
    gradient = tf.reshape(toFirst(gradient, windowsAlong(values.shape, axis, window[axis - 1]!), values), values.shape);
  }
  const { shape } = input!;
  const missing = shape.map((n, a) => [0, n - gradient.shape[a]!] as [number, number]);
  return [missing.every(([, after]) => after === 0) ? gradient : tf.pad(gradient, missing)];
};

/** Gives each window's gradient to the first of its largest values. */
function toFirst(gradient: tf.Tensor, lines: [number, number, number], values: tf.Tensor): tf.Tensor {
  const [count, window, after] = lines;
  const dy = tf.reshape(gradient, [count, after]);
  if (window === 1) return dy;
  const taps = tf.unstack(tf.reshape(values, lines), 1);
  const parts: tf.Tensor[] = [];
  let rest = dy;
  for (let i = 0; i < window - 1; i++) {
    // Not below any that follows; those before it have had their turn.
    const later = taps.slice(i + 1).reduce((a, b) => tf.maximum(a, b));
    const share = tf.mul(rest, tf.cast(tf.greaterEqual(taps[i]!, later), 'float32'));
    parts.push(share);
    rest = tf.sub(rest, share);
  }
  return tf.stack([...parts, rest], 1);
}
