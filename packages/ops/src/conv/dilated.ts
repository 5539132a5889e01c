import * as tf from '@tensorflow/tfjs-core';
import type { Size3 } from '../internal/checks.ts';
import { runCustomOp } from '../internal/custom-op.ts';
import { type ConvGeometry, convGeometry } from './geometry.ts';
import { convForward } from './raw.ts';

const where = 'conv3d';

/**
 * Dilated convolution by plain ones. Along every axis the voxels are dealt into `dilation` interleaved lattices, which
 * become batch entries; on each lattice the kernel is dense. With a stride as well the kernel itself is spread with
 * zeros, which costs more but is rare.
 */
export function dilatedConv(
  x: tf.Tensor,
  kernel: tf.Tensor,
  g: ConvGeometry,
  dilations: Size3,
  bias: tf.Tensor | undefined,
): tf.Tensor {
  if (g.strides.some((s) => s > 1)) return tf.tidy(() => convForward(x, spreadKernel(kernel, dilations), g, bias));
  return tf.tidy(() => {
    // Zeros up to a whole number of lattice rows; what the surplus computes is cut off again.
    const padded = g.input.map((n, a) => {
      const used = n + g.pads[a]![0] + g.pads[a]![1];
      return Math.ceil(used / dilations[a]!) * dilations[a]!;
    });
    const pads = g.input.map((n, a) => [g.pads[a]![0], padded[a]! - n - g.pads[a]![0]] as [number, number]);
    let lattices = tf.pad(x, [[0, 0], ...pads, [0, 0]]);
    for (const axis of [1, 2, 3]) lattices = deal(lattices, axis, dilations[axis - 1]!);
    const dense = kernel.shape.slice(0, 3) as unknown as Size3;
    const size = lattices.shape.slice(1, 4) as unknown as Size3;
    const zero = [0, 0] as const;
    let y = convForward(lattices, kernel, convGeometry(where, size, dense, [1, 1, 1], [zero, zero, zero]), bias);
    for (const axis of [3, 2, 1]) y = collect(y, axis, dilations[axis - 1]!);
    return tf.slice(y, [0, 0, 0, 0, 0], [x.shape[0]!, ...g.output, kernel.shape[4]!]);
  });
}

/** [N, .., L, ..] to [step * N, .., L / step, ..]: voxel i of the axis goes to lattice i % step. Rank stays at most 6. */
function deal(x: tf.Tensor, axis: number, step: number): tf.Tensor {
  if (step === 1) return x;
  return permutation(x, dealValues, collectValues, axis, step);
}

/** The inverse of `deal`. */
function collect(x: tf.Tensor, axis: number, step: number): tf.Tensor {
  if (step === 1) return x;
  return permutation(x, collectValues, dealValues, axis, step);
}

type Reorder = (x: tf.Tensor, axis: number, step: number) => tf.Tensor;

// A permutation's gradient is its inverse; written as one op so that no backend's rank-6 transpose gradient is needed.
function permutation(x: tf.Tensor, forward: Reorder, inverse: Reorder, axis: number, step: number): tf.Tensor {
  return runCustomOp({
    inputs: { x },
    forward: () => forward(x, axis, step),
    gradient: (dy) => ({ x: () => permutation(dy, inverse, forward, axis, step) }),
  })[0]!;
}

function dealValues(x: tf.Tensor, axis: number, step: number): tf.Tensor {
  const { shape } = x;
  const split = [...shape.slice(0, axis), shape[axis]! / step, step, ...shape.slice(axis + 1)];
  const order = [axis + 1, ...split.keys()].filter((a, i) => i === 0 || a !== axis + 1);
  const dealt = shape.map((n, a) => (a === 0 ? n * step : a === axis ? n / step : n));
  return tf.reshape(tf.transpose(tf.reshape(x, split), order), dealt);
}

function collectValues(x: tf.Tensor, axis: number, step: number): tf.Tensor {
  const { shape } = x;
  const split = [step, shape[0]! / step, ...shape.slice(1)];
  const order = [...split.keys()].slice(1);
  order.splice(axis + 1, 0, 0);
  const collected = shape.map((n, a) => (a === 0 ? n / step : a === axis ? n * step : n));
  return tf.reshape(tf.transpose(tf.reshape(x, split), order), collected);
}

/** Puts `dilation - 1` zeros between the kernel's taps. */
function spreadKernel(kernel: tf.Tensor, dilations: Size3): tf.Tensor {
  return tf.tidy(() => {
    let spread = kernel;
    for (const axis of [0, 1, 2]) {
      const step = dilations[axis]!;
      const { shape } = spread;
      if (step === 1 || shape[axis] === 1) continue;
      const before = shape.slice(0, axis).reduce((a, b) => a * b, 1);
      const after = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      const taps = tf.reshape(spread, [before, shape[axis]!, 1, after]);
      const filled = tf.reshape(
        tf.pad(taps, [
          [0, 0],
          [0, 0],
          [0, step - 1],
          [0, 0],
        ]),
        [before, shape[axis]! * step, after],
      );
      const extent = (shape[axis]! - 1) * step + 1;
      spread = tf.reshape(
        tf.slice(filled, [0, 0, 0], [before, extent, after]),
        shape.map((n, a) => (a === axis ? extent : n)),
      );
    }
    return spread;
  });
}
