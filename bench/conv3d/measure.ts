import * as tf from '@tensorflow/tfjs-core';
import { type ConvShape, flops, inputSize, outputSize } from './shapes.ts';

/** Times and rates of one shape; null where the kernel fails, as stock wasm's input gradient does with stride 2. */
export interface ConvRow {
  readonly peer: string;
  readonly work: 'conv3d';
  readonly threads: number;
  readonly shape: ConvShape;
  readonly forward_ms: number | null;
  readonly grad_x_ms: number | null;
  readonly grad_w_ms: number | null;
  readonly forward_gflops: number | null;
  readonly grad_x_gflops: number | null;
  readonly grad_w_gflops: number | null;
}

/** Median milliseconds of `repeat` runs after `warmup` runs. */
export function medianMs(work: () => void, repeat: number, warmup: number): number {
  for (let i = 0; i < warmup; i++) work();
  const times = Array.from({ length: repeat }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[repeat >> 1]!;
}

/** The three directions of one shape on the current backend, on random tensors that `dispose` frees. */
export function convRuns(shape: ConvShape) {
  const { batch, cin, cout, kernel, stride } = shape;
  const x = tf.randomUniform([batch, ...inputSize(shape), cin], -1, 1, 'float32', 1);
  const filter = tf.randomUniform([kernel, kernel, kernel, cin, cout], -1, 1, 'float32', 2);
  const dy = tf.randomUniform([batch, ...outputSize(shape), cout], -1, 1, 'float32', 3);
  const window = { strides: [stride, stride, stride], pad: kernel >> 1 };
  const run = (name: string, inputs: tf.NamedTensorMap, attributes: object) => () =>
    tf.dispose(tf.engine().runKernel(name, inputs, { ...window, ...attributes }));
  return {
    forward: run('Conv3D', { x, filter }, { dataFormat: 'NDHWC', dilations: [1, 1, 1] }),
    grad_x: run('Conv3DBackpropInputV2', { dy, filter }, { inputShape: x.shape }),
    grad_w: run('Conv3DBackpropFilterV2', { x, dy }, { filterShape: filter.shape }),
    dispose: () => tf.dispose([x, filter, dy]),
  };
}

/** Measures the three directions of one shape on the current backend. */
export function measureConv(peer: string, threads: number, shape: ConvShape, repeat: number, warmup: number): ConvRow {
  const runs = convRuns(shape);
  const time = (run: () => void) => {
    try {
      return medianMs(run, repeat, warmup);
    } catch {
      return null;
    }
  };
  const [forward, gradX, gradW] = [time(runs.forward), time(runs.grad_x), time(runs.grad_w)];
  runs.dispose();
  return convRow(peer, threads, shape, [forward, gradX, gradW]);
}

/** The row of one shape from the milliseconds of the three directions. */
export function convRow(
  peer: string,
  threads: number,
  shape: ConvShape,
  [forward, gradX, gradW]: readonly (number | null)[],
): ConvRow {
  const rate = (ms: number | null | undefined) => (ms == null ? null : flops(shape) / ms / 1e6);
  return {
    peer,
    work: 'conv3d',
    threads,
    shape,
    forward_ms: forward ?? null,
    grad_x_ms: gradX ?? null,
    grad_w_ms: gradW ?? null,
    forward_gflops: rate(forward),
    grad_x_gflops: rate(gradX),
    grad_w_gflops: rate(gradW),
  };
}
