import type * as tf from '@tensorflow/tfjs-core';
import type { Rng } from './rng.ts';

/** Tensors by name, such as "encoder.0.conv1.kernel". */
export type Params = Readonly<Record<string, tf.Tensor>>;

/** What a parameter is for: optimisers, initialisers, hypernetworks and transfer learning choose by it. */
export type ParamRole = 'kernel' | 'bias' | 'scale' | 'offset' | 'slope' | 'embedding' | 'statistic';

/**
 * How a parameter starts. Fan-in is the product of all axes but the last (for `kernel` of a transposed convolution:
 * see `fanIn` of its spec).
 *
 * - `constant`: `value` everywhere.
 * - `kaimingNormal`: normal, sd sqrt(2 / ((1 + negativeSlope^2) * fanIn)).
 * - `kaimingUniform`: uniform, bound sqrt(6 / ((1 + negativeSlope^2) * fanIn)).
 * - `fanInUniform`: uniform, bound 1 / sqrt(fanIn): PyTorch's default for convolutions and linear layers.
 * - `normal`: normal, sd `standardDeviation`.
 */
export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'kaimingNormal'; readonly negativeSlope?: number }
  | { readonly kind: 'kaimingUniform'; readonly negativeSlope?: number }
  | { readonly kind: 'fanInUniform' }
  | { readonly kind: 'normal'; readonly standardDeviation: number };

export interface ParamSpec {
  readonly shape: readonly number[];
  readonly role: ParamRole;
  readonly init: Initialiser;
  /** Inputs that feed one output; default: the product of all axes but the last. */
  readonly fanIn?: number;
}

export type ParamSpecs = Readonly<Record<string, ParamSpec>>;

/**
 * What a network is told besides its parameters and its input. Each choice stands alone: Monte Carlo dropout is
 * `{ dropout: rng, buffers }`, a step of training `{ statistics: 'batch', dropout: rng, buffers, updateBuffer }`.
 */
export interface ApplyContext {
  /**
   * Where dropout draws its masks from (one draw a pass, whatever the network); 'none': nothing is dropped. Default
   * 'none', except that a network with dropout refuses `statistics: 'batch'` without either: a training that forgot its
   * dropout would go unnoticed.
   */
  readonly dropout?: Rng | 'none';
  /** What batch norms normalise with: this batch's own statistics, or the running ones in `buffers`. Default 'running'. */
  readonly statistics?: 'batch' | 'running';
  /** Running statistics, if the network has any (`bufferSpecs`). */
  readonly buffers?: Params;
  /** Receives new running statistics where `statistics` is 'batch'; the receiver owns the tensors. */
  readonly updateBuffer?: (name: string, value: tf.Tensor) => void;
  /**
   * What is kept for the gradient: with `true` the outputs of stages alone, and what lies inside them is computed again
   * (same results, less memory, more time). Default: as the network is configured.
   */
  readonly recompute?: boolean;
  /** Receives named inner activations; the tensors belong to the caller's tidy scope. */
  readonly taps?: (name: string, value: tf.Tensor) => void;
}

/**
 * A network: a pure function of named parameters.
 *
 * `apply` maps x [N, D, H, W, C] to logits (or to what `Out` says) and keeps nothing; without a context it evaluates: no
 * dropout, no statistics of the batch. `init` returns new tensors that the caller disposes.
 */
export interface Network<Out = tf.Tensor5D> {
  readonly paramSpecs: ParamSpecs;
  readonly bufferSpecs: ParamSpecs;
  /** Whether `dropout` in the context changes the output: what Monte Carlo dropout needs. Default false. */
  readonly hasDropout?: boolean;
  init(rng: Rng): Params;
  apply(params: Params, x: tf.Tensor5D, ctx?: ApplyContext): Out;
}
