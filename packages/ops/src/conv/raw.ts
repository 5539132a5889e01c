import * as tf from '@tensorflow/tfjs-core';
import { fusedKernels } from '../fused-kernels.ts';
import { runCustomOp } from '../internal/custom-op.ts';
import { hasKernel, runKernel } from '../internal/fused.ts';
import { type ConvGeometry, kernelPad } from './geometry.ts';

// The three convolutions are each bilinear and one another's gradients: C(x, w), its adjoint in x, and its adjoint in
// w. Writing each one's gradients with the other two makes them differentiable to any order.

const withBatch = (g: ConvGeometry) => [[0, 0], ...g.pads, [0, 0]] as [number, number][];

/** y = conv(x, w) + bias: x [N, ...g.input, I], w [...g.kernel, I, O]. */
export function convForward(x: tf.Tensor, kernel: tf.Tensor, g: ConvGeometry, bias?: tf.Tensor): tf.Tensor {
  const forward = (save: (tensors: tf.Tensor[]) => void) => {
    save([x, kernel]);
    return bias === undefined ? forwardKernel(x, kernel, g) : biasedForward(x, kernel, g, bias);
  };
  const gradient = (dy: tf.Tensor, [x, kernel]: readonly tf.Tensor[]) => ({
    x: () => convInputGrad(dy, kernel!, g),
    kernel: () => convFilterGrad(x!, dy, g),
  });
  const run = bias
    ? runCustomOp({
        inputs: { x, kernel, bias },
        forward,
        gradient: (dy, saved) => ({ ...gradient(dy, saved), bias: () => biasGrad(dy) }),
      })
    : runCustomOp({ inputs: { x, kernel }, forward, gradient });
  return run[0]!;
}

/** The adjoint of the convolution in x: dy [N, ...g.output, O] to [N, ...g.input, I]; with a bias, a transposed one. */
export function convInputGrad(dy: tf.Tensor, kernel: tf.Tensor, g: ConvGeometry, bias?: tf.Tensor): tf.Tensor {
  const forward = (save: (tensors: tf.Tensor[]) => void) => {
    save([dy, kernel]);
    const dx = inputGradKernel(dy, kernel, g);
    return bias === undefined ? dx : addBias(dx, bias);
  };
  const gradient = (dz: tf.Tensor, [dy, kernel]: readonly tf.Tensor[]) => ({
    dy: () => convForward(dz, kernel!, g),
    kernel: () => convFilterGrad(dz, dy!, g),
  });
  const run = bias
    ? runCustomOp({
        inputs: { dy, kernel, bias },
        forward,
        gradient: (dz, saved) => ({ ...gradient(dz, saved), bias: () => biasGrad(dz) }),
      })
    : runCustomOp({ inputs: { dy, kernel }, forward, gradient });
  return run[0]!;
}

/** The adjoint of the convolution in w: x and dy to [...g.kernel, I, O]. */
export function convFilterGrad(x: tf.Tensor, dy: tf.Tensor, g: ConvGeometry): tf.Tensor {
  return runCustomOp({
    inputs: { x, dy },
    forward: (save) => {
      save([x, dy]);
      return filterGradKernel(x, dy, g);
    },
    gradient: (dz, [x, dy]) => ({
      x: () => convInputGrad(dy!, dz, g),
      dy: () => convForward(x!, dz, g),
    }),
  })[0]!;
}

function forwardKernel(x: tf.Tensor, filter: tf.Tensor, g: ConvGeometry): tf.Tensor {
  const pad = kernelPad(g);
  const attrs = { strides: g.strides, pad: pad ?? 'valid', dataFormat: 'NDHWC', dilations: [1, 1, 1] };
  if (pad !== undefined) return runKernel('Conv3D', { x, filter }, attrs)[0]!;
  return tf.tidy(() => runKernel('Conv3D', { x: tf.pad(x, withBatch(g)), filter }, attrs)[0]!);
}

function biasedForward(x: tf.Tensor, filter: tf.Tensor, g: ConvGeometry, bias: tf.Tensor): tf.Tensor {
  const pad = kernelPad(g);
  if (pad === undefined || !hasKernel(fusedKernels.conv3dBias)) return addBias(forwardKernel(x, filter, g), bias);
  const attrs = { strides: g.strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] };
  return runKernel(fusedKernels.conv3dBias, { x, filter, bias }, attrs)[0]!;
}

function inputGradKernel(dy: tf.Tensor, filter: tf.Tensor, g: ConvGeometry): tf.Tensor {
  const pad = kernelPad(g);
  const batch = dy.shape[0]!;
  const channels = filter.shape[3]!;
  const run = (pad: 'valid' | 'same' | number, size: readonly number[]) =>
    runKernel(
      'Conv3DBackpropInputV2',
      { dy, filter },
      { strides: g.strides, pad, inputShape: [batch, ...size, channels] },
    )[0]!;
  if (pad !== undefined) return run(pad, g.input);
  const padded = g.input.map((n, a) => n + g.pads[a]![0] + g.pads[a]![1]);
  return tf.tidy(() =>
    tf.slice(run('valid', padded), [0, ...g.pads.map(([before]) => before), 0], [batch, ...g.input, channels]),
  );
}

function filterGradKernel(x: tf.Tensor, dy: tf.Tensor, g: ConvGeometry): tf.Tensor {
  const pad = kernelPad(g);
  const filterShape = [...g.kernel, x.shape[4]!, dy.shape[4]!];
  const attrs = { strides: g.strides, pad: pad ?? 'valid', filterShape };
  if (pad !== undefined) return runKernel('Conv3DBackpropFilterV2', { x, dy }, attrs)[0]!;
  return tf.tidy(() => runKernel('Conv3DBackpropFilterV2', { x: tf.pad(x, withBatch(g)), dy }, attrs)[0]!);
}

/** Adds a bias to a tensor that nobody else holds, and disposes it. */
function addBias(y: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const sum = hasKernel(fusedKernels.addBias)
    ? runKernel(fusedKernels.addBias, { x: y, bias }, {})[0]!
    : tf.add(y, bias);
  y.dispose();
  return sum;
}

/** The sum over all axes but the last, differentiable. */
function biasGrad(dy: tf.Tensor): tf.Tensor {
  if (!hasKernel(fusedKernels.addBiasGrad)) return tf.sum(dy, [0, 1, 2, 3]);
  const shape = dy.shape;
  return runCustomOp({
    inputs: { dy },
    forward: () => runKernel(fusedKernels.addBiasGrad, { dy }, {}),
    gradient: (dz) => ({ dy: () => tf.broadcastTo(tf.reshape(dz, [1, 1, 1, 1, -1]), shape) }),
  })[0]!;
}
