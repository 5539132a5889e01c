import {
  checkParams,
  disposeParams,
  mapParams,
  type Network,
  type Params,
  SegError,
  type Triple,
  voxelCount,
} from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { HyperNetwork } from '../network/hyper-network.ts';

/** An image as a method sees it: [channel][z][y][x]. */
export interface StyleImage {
  readonly image: Float32Array;
  readonly shape: Triple;
  readonly channels: number;
}

/**
 * A trained hypernetwork ready to segment in any style.
 *
 * A latent is `latentDim` finite numbers; the conditions of a hypernetwork that has some follow them. All methods throw
 * SegError `shape-mismatch` for a latent or an image of another size, and `invalid-argument` for numbers that are not
 * finite.
 */
export interface StyleModel {
  readonly latentDim: number;
  /** The hypernetwork's parameters, the model's own. */
  readonly params: Params;
  /** Foreground probability (one minus that of class 0) of every voxel in the style of a latent. */
  probabilities(image: StyleImage, latent: readonly number[]): Promise<Float32Array>;
  /** Foreground (probability at least 0.5) in the style of a latent: 0 or 1 per voxel. */
  segment(image: StyleImage, latent: readonly number[]): Promise<Uint8Array>;
  /** The main network's parameters at a latent, to be used or saved as an ordinary network; the caller disposes them. */
  networkAt(latent: readonly number[]): Params;
  /** Frees the copy of the hypernetwork's parameters. */
  dispose(): void;
}

/**
 * Segments in chosen styles: the origin (the dominant style), a cluster's centroid, or a case's own latent.
 *
 * `params` are those of the group `hyper` of a trained `hypersort`; they are copied and stay the caller's.
 *
 * @throws SegError `shape-mismatch` for parameters of another hypernetwork.
 */
export function styleModel(network: Network<tf.Tensor5D>, hyper: HyperNetwork, params: Params): StyleModel {
  checkParams('styleModel', params, hyper.paramSpecs);
  const own = mapParams(params, (t) => tf.clone(t));
  const inputSize = hyper.latentDim + hyper.conditionDim;
  const weightsAt = (where: string, latent: readonly number[]) => {
    checkLatent(where, latent, inputSize);
    return tf.tidy(() => mapParams(hyper.generate(own, tf.tensor2d([[...latent]])), (t) => tf.clone(t))) as Params;
  };
  const networkAt = (latent: readonly number[]) => weightsAt('StyleModel.networkAt', latent);
  const probabilities = async (image: StyleImage, latent: readonly number[]) => {
    checkImage('StyleModel.probabilities', image);
    const weights = weightsAt('StyleModel.probabilities', latent);
    try {
      return await foregroundProbability(() => network.apply(weights, toTensor(image)));
    } finally {
      disposeParams(weights);
    }
  };
  return {
    latentDim: hyper.latentDim,
    params: own,
    probabilities,
    segment: async (image, latent) => foregroundMask(await probabilities(image, latent)),
    networkAt,
    dispose: () => disposeParams(own),
  };
}

/** An image as a tensor [1, D, H, W, C]. */
export function toTensor({ image, shape, channels }: StyleImage): tf.Tensor5D {
  return tf.tidy(() => {
    const planar = tf.tensor(image, [channels, ...shape]);
    return tf.expandDims(channels === 1 ? tf.reshape(planar, [...shape, 1]) : tf.transpose(planar, [1, 2, 3, 0]), 0);
  });
}

/** One minus the background's probability, of logits [1, D, H, W, C]. */
export async function foregroundProbability(logits: () => tf.Tensor5D): Promise<Float32Array> {
  const foreground = tf.tidy(() => {
    const background = tf.slice(tf.softmax(logits()), [0, 0, 0, 0, 0], [-1, -1, -1, -1, 1]);
    return tf.sub(1, background);
  });
  return readAndDispose(foreground);
}

/** Where the probability is at least 0.5. */
export function foregroundMask(probabilities: Float32Array): Uint8Array {
  return Uint8Array.from(probabilities, (p) => (p >= 0.5 ? 1 : 0));
}

/** The numbers of a tensor, by the only way of reading that every backend has. */
export async function readAndDispose(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return (await tensor.data()) as Float32Array;
  } finally {
    tensor.dispose();
  }
}

function checkLatent(where: string, latent: readonly number[], size: number): void {
  if (latent.length !== size) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the latent has another length than those of the hypernetwork',
      got: latent.length,
      expected: size,
      hint: 'Conditions, where the hypernetwork has some, follow the latent.',
    });
  }
  if (latent.every(Number.isFinite)) return;
  throw new SegError('invalid-argument', { where, problem: 'the latent must be finite', got: latent.map(String) });
}

function checkImage(where: string, { image, shape, channels }: StyleImage): void {
  const isSize = (n: number) => Number.isInteger(n) && n > 0;
  if (!(isSize(channels) && shape.length === 3 && shape.every(isSize))) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the image has no channels or no shape',
      got: [channels, ...shape].map(String),
      expected: 'positive integers: channels, z, y, x',
    });
  }
  if (image.length !== channels * voxelCount(shape)) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the image has another number of values than its channels and shape say',
      got: image.length,
      expected: channels * voxelCount(shape),
    });
  }
  if (image.every(Number.isFinite)) return;
  throw new SegError('invalid-argument', {
    where,
    problem: 'the image has values that are not finite',
    got: String(image.find((v) => !Number.isFinite(v))),
    hint: 'Repair the scan.',
  });
}
