import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { convGeometry, kernelPad, resolvePadding } from '../conv/geometry.ts';
import { fusedKernels } from '../fused-kernels.ts';
import { checkRank5, type Size3, toSize3 } from '../internal/checks.ts';
import { runCustomOp } from '../internal/custom-op.ts';
import { hasKernel, runKernel } from '../internal/fused.ts';
import type { PoolOptions } from './avg-pool3d.ts';

/**
 * Maximum pooling; padding never wins (it counts as minus infinity). The gradient goes to the first maximum of each
 * window in (depth, height, width) order, as in PyTorch.
 *
 * @param x [N, D, H, W, C]
 * @throws SegError `shape-mismatch` when the window does not fit, `invalid-argument` for bad options and for padding as
 *   wide as the window.
 */
export function maxPool3d(x: tf.Tensor5D, options: PoolOptions = {}): tf.Tensor5D {
  const where = 'maxPool3d';
  checkRank5(where, 'x', x);
  const size = toSize3(where, 'size', options.size ?? 2);
  const strides = toSize3(where, 'strides', options.strides ?? size);
  const input: Size3 = [x.shape[1], x.shape[2], x.shape[3]];
  const pads = resolvePadding(where, options.padding ?? 'valid', input, size, strides);
  const geometry = convGeometry(where, input, size, strides, pads);
  if (pads.some((sides, axis) => sides.some((zeros) => zeros >= size[axis]!))) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'padding as wide as the window leaves windows without a voxel',
      got: { size, padding: pads },
      expected: 'padding below the size of the window, on every side',
    });
  }
  const pad = kernelPad(geometry);
  if (pad !== undefined && hasKernel(fusedKernels.maxPool3d) && hasKernel(fusedKernels.maxPool3dGrad)) {
    return fusedPool(x, { filterSize: size, strides, pad, dataFormat: 'NDHWC' }) as tf.Tensor5D;
  }
  const { output } = geometry;
  return tf.tidy(() => {
    let y: tf.Tensor = tf.clone(x);
    // Width first: with ties going to the first voxel of each line, the whole goes to the first of the window.
    for (const axis of [2, 1, 0] as const) {
      const along = {
        axis: axis + 1,
        size: size[axis],
        stride: strides[axis],
        before: pads[axis][0],
        output: output[axis],
      };
      if (along.size > 1 || along.stride > 1) y = maxAlong(y, along);
    }
    return y as tf.Tensor5D;
  });
}

function fusedPool(x: tf.Tensor, attrs: object): tf.Tensor {
  return runCustomOp({
    inputs: { x },
    forward: (save) => {
      const y = runKernel(fusedKernels.maxPool3d, { x }, attrs)[0]!;
      save([x, y]);
      return y;
    },
    gradient: (dy, [input, output]) => ({
      x: () => runKernel(fusedKernels.maxPool3dGrad, { dy, input: input!, output: output! }, attrs)[0]!,
    }),
  })[0]!;
}

interface Along {
  readonly axis: number;
  readonly size: number;
  readonly stride: number;
  readonly before: number;
  readonly output: number;
}

// tfjs's own kernels are not used: that of wasm takes 1e-38 for the least float, and the gradients of wasm and cpu place
// ties elsewhere. A maximum over a box is three maxima over lines.
function maxAlong(x: tf.Tensor, along: Along): tf.Tensor {
  const { axis, output } = along;
  const pooled = x.shape.map((n, a) => (a === axis ? output : n));
  return runCustomOp({
    inputs: { x },
    forward: (save) => {
      const y = tf.tidy(() =>
        tf.reshape(
          taps(x, along).reduce((a, b) => tf.maximum(a, b)),
          pooled,
        ),
      );
      save([x, y]);
      return y;
    },
    gradient: (dy, [x, y]) => ({ x: () => tf.tidy(() => scatterToFirst(dy, x!, y!, along)) }),
  })[0]!;
}

const lowest = -3.4028234663852886e38;

/** Line length after padding to whole strides, for taps that reach beyond one stride too. */
function paddedLength({ size, stride, output }: Along): number {
  return (Math.ceil(size / stride) - 1 + output) * stride;
}

/** [before, length, after]: everything but the axis flattened. */
function lines(shape: readonly number[], axis: number): [number, number, number] {
  const product = (part: readonly number[]) => part.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)), shape[axis]!, product(shape.slice(axis + 1))];
}

/** Element i holds, for every window, its i-th voxel: [before, output, 1, after]. */
function taps(x: tf.Tensor, along: Along): tf.Tensor[] {
  const { axis, size, stride, before, output } = along;
  const [outer, length, inner] = lines(x.shape, axis);
  const used = paddedLength(along);
  const flat = tf.reshape(x, [outer, length, inner]);
  const padded = tf.pad(
    flat,
    [
      [0, 0],
      [before, Math.max(0, used - before - length)],
      [0, 0],
    ],
    lowest,
  );
  return Array.from({ length: size }, (_, i) => {
    const row = tf.slice(padded, [0, Math.floor(i / stride) * stride, 0], [outer, output * stride, inner]);
    return tf.slice(tf.reshape(row, [outer, output, stride, inner]), [0, 0, i % stride, 0], [outer, output, 1, inner]);
  });
}

function scatterToFirst(dy: tf.Tensor, x: tf.Tensor, y: tf.Tensor, along: Along): tf.Tensor {
  const { axis, stride, before, output } = along;
  const [outer, length, inner] = lines(x.shape, axis);
  const total = Math.max(paddedLength(along), before + length);
  const column = [outer, output, 1, inner];
  const [gradient, best] = [tf.reshape(dy, column), tf.reshape(y, column)];
  let untaken: tf.Tensor = tf.onesLike(best);
  let sum: tf.Tensor | undefined;
  taps(x, along).forEach((tap, i) => {
    const hit = tf.mul(tf.cast(tf.equal(tap, best), 'float32'), untaken);
    untaken = tf.sub(untaken, hit);
    const place = i % stride;
    const row = tf.pad(tf.mul(gradient, hit), [
      [0, 0],
      [0, 0],
      [place, stride - 1 - place],
      [0, 0],
    ]);
    const start = i - place;
    const line = tf.pad(tf.reshape(row, [outer, output * stride, inner]), [
      [0, 0],
      [start, total - start - output * stride],
      [0, 0],
    ]);
    sum = sum === undefined ? line : tf.add(sum, line);
  });
  return tf.reshape(tf.slice(sum!, [0, before, 0], [outer, length, inner]), x.shape);
}
