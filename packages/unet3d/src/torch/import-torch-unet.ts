import { checkParams, type ParamSpecs, type Params, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/** A PyTorch tensor: row-major values and their shape. */
export interface TorchTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface ImportTorchOptions {
  /** Our name for a name of the state dictionary, undefined to leave it out. Default: `torchUnetName`. */
  readonly rename?: (name: string) => string | undefined;
}

/**
 * Parameters from a PyTorch state dictionary: names mapped, kernels [O, I, kD, kH, kW] (of transposed convolutions
 * [I, O, kD, kH, kW]) turned to our layouts, 2-D kernels given a depth of 1. The caller disposes the tensors.
 *
 * @param specs what the network expects (`network.paramSpecs`); anything missing, left over or of another shape is an error.
 * @throws SegError `shape-mismatch` that lists what does not fit, `corrupt-data` when values do not fill their shape.
 */
export function importTorchUnet(
  weights: Readonly<Record<string, TorchTensor>>,
  specs: ParamSpecs,
  options: ImportTorchOptions = {},
): Params {
  const rename = options.rename ?? torchUnetName;
  for (const [name, { shape, data }] of Object.entries(weights)) {
    if (data.length === shape.reduce((a, b) => a * b, 1)) continue;
    throw new SegError('corrupt-data', {
      where: 'importTorchUnet',
      problem: `the values of ${name} do not fill their shape`,
      got: data.length,
      expected: shape,
    });
  }
  const params: Record<string, tf.Tensor> = {};
  for (const [torchName, { shape, data }] of Object.entries(weights)) {
    const name = rename(torchName);
    if (name !== undefined) params[name] = toOurLayout(data, shape);
  }
  try {
    checkParams('importTorchUnet', params, specs);
  } catch (error) {
    tf.dispose(params);
    throw error;
  }
  return params;
}

/** [A, B, spatial...] to [spatial..., B, A]: right for both kinds of convolution, because both put outputs last but one. */
function toOurLayout(data: Float32Array, shape: readonly number[]): tf.Tensor {
  if (shape.length < 3) return tf.tensor(data, [...shape], 'float32');
  return tf.tidy(() => {
    const [a, b, ...spatial] = shape as [number, number, ...number[]];
    const size = [...Array(3 - spatial.length).fill(1), ...spatial] as number[];
    return tf.transpose(tf.tensor(data, [a, b, ...size], 'float32'), [2, 3, 4, 1, 0]);
  });
}

/**
 * Our name for a parameter of a U-Net laid out as `encoder[s][i] = Sequential(conv, norm)`, `up[s]`, `decoder[s][i]`
 * and `head`: "encoder.1.0.0.weight" is "encoder.1.conv1.kernel", "up.0.weight" is "decoder.0.up.kernel".
 */
export function torchUnetName(name: string): string | undefined {
  const leaf = (kind: string, weight: string) => (kind === 'weight' ? weight : weight === 'kernel' ? 'bias' : 'offset');
  const block = /^(encoder|decoder)\.(\d+)\.(\d+)\.([01])\.(weight|bias)$/.exec(name);
  if (block) {
    const [, side, stage, index, part, kind] = block as unknown as [string, string, string, string, string, string];
    const layer = part === '0' ? 'conv' : 'norm';
    return `${side}.${stage}.${layer}${Number(index) + 1}.${leaf(kind, part === '0' ? 'kernel' : 'scale')}`;
  }
  const up = /^up\.(\d+)\.(weight|bias)$/.exec(name);
  if (up) return `decoder.${up[1]}.up.${leaf(up[2]!, 'kernel')}`;
  const head = /^head\.(weight|bias)$/.exec(name);
  return head ? `head.0.${leaf(head[1]!, 'kernel')}` : undefined;
}
