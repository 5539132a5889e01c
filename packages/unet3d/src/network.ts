import {
  type ApplyContext,
  checkParams,
  type Network,
  type ParamSpecs,
  type Params,
  type Rng,
  SegError,
} from '@seg/core';
import { createParams, type Size3 } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from './layers/layer.ts';

/** A network that carries the plain JSON it can be rebuilt from (`createNetwork`). */
export interface ConfiguredNetwork<Out, Config> extends Network<Out> {
  readonly config: Config;
}

export interface NetworkParts {
  readonly where: string;
  readonly inputChannels: number;
  /** Every axis of the input must be a multiple of these. */
  readonly divisors: Size3;
  readonly hasDropout: boolean;
  readonly specs: { readonly params: ParamSpecs; readonly buffers: ParamSpecs };
  readonly single: boolean;
  /** Runs inside a tidy scope; reports inner activations through `tap`, which says whether it keeps them. */
  readonly run: (x: tf.Tensor5D, pass: Pass, tap: (name: string, x: tf.Tensor5D) => boolean) => tf.Tensor5D[];
}

/** The `Network` around a forward pass: parameters checked, input checked, memory scoped, taps handed out. */
export function networkOf(parts: NetworkParts): Network<tf.Tensor5D | tf.Tensor5D[]> {
  const { where, specs, single, hasDropout } = parts;
  return {
    paramSpecs: specs.params,
    bufferSpecs: specs.buffers,
    hasDropout,
    init: (rng: Rng): Params => createParams(specs.params, rng),
    apply(params: Params, x: tf.Tensor5D, ctx: ApplyContext = {}) {
      checkParams(where, params, specs.params);
      checkInput(parts, x);
      const key = hasDropout ? dropoutKey(where, ctx) : undefined;
      const tapped: [string, tf.Tensor5D][] = [];
      const tap = (name: string, value: tf.Tensor5D) => {
        if (ctx.taps) tapped.push([name, value]);
        return ctx.taps !== undefined;
      };
      const { logits, taps } = tf.tidy(() => {
        const logits = parts.run(x, { params, ctx, key }, tap);
        return { logits, taps: tapped.map(([, value]) => value) };
      });
      for (const [i, value] of taps.entries()) ctx.taps?.(tapped[i]![0], value);
      return single ? logits[0]! : logits;
    },
  };
}

/** The key of this pass, from which every place of dropout forks its own. */
function dropoutKey(where: string, { dropout, statistics }: ApplyContext): Rng | undefined {
  if (dropout === 'none') return undefined;
  if (dropout === undefined && statistics === 'batch') {
    throw new SegError('invalid-argument', {
      where,
      problem: 'the network has dropout, and the context of a training pass does not say whether to draw it',
      got: dropout,
      expected: "dropout: rng, or dropout: 'none'",
      hint: 'Pass the rng of the step, or say that nothing is dropped.',
    });
  }
  return dropout?.split();
}

function checkInput({ where, inputChannels, divisors }: NetworkParts, x: tf.Tensor5D): void {
  if (x?.rank !== 5 || x.shape[4] !== inputChannels) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the input does not fit the network',
      got: x?.shape,
      expected: `[N, D, H, W, ${inputChannels}]`,
    });
  }
  if (divisors.every((n, a) => x.shape[a + 1]! % n === 0)) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: 'the input cannot be halved as often as the network does',
    got: x.shape.slice(1, 4),
    expected: `multiples of [${divisors}]`,
    hint: 'Choose a patch of such a size, or pad.',
  });
}

/** Product of the strides of all stages, per axis. */
export function totalStride(strides: readonly Size3[]): Size3 {
  const product = (a: 0 | 1 | 2) => strides.reduce((p, s) => p * s[a], 1);
  return [product(0), product(1), product(2)];
}
