import { disposeParams, mapParams, type Network, type Params, type Triple } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { HyperNetwork } from '../network/hyper-network.ts';

/** An image as a method sees it: [channel][z][y][x]. */
export interface StyleImage {
  readonly image: Float32Array;
  readonly shape: Triple;
  readonly channels: number;
}

/** A trained hypernetwork ready to segment in any style. */
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
 */
export function styleModel(network: Network<tf.Tensor5D>, hyper: HyperNetwork, params: Params): StyleModel {
  const own = mapParams(params, (t) => tf.clone(t));
  const networkAt = (latent: readonly number[]) =>
    tf.tidy(() => mapParams(hyper.generate(own, tf.tensor2d([[...latent]])), (t) => tf.clone(t))) as Params;
  const probabilities = async (image: StyleImage, latent: readonly number[]) => {
    const weights = networkAt(latent);
    try {
      return await foregroundProbability(() => network.apply(weights, toTensor(image), { training: false }));
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
