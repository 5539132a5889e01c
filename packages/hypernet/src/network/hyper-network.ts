import { checkOption, initialValues, type Network, type ParamSpecs, type Params, type Rng, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

export interface HyperNetworkOptions {
  /** Size of the latent vector. Default 2; 0 for a network that is conditioned on known numbers alone. */
  readonly latentDim?: number;
  /** How many further inputs with a known meaning there are, such as spacing, age or dose; default 0. */
  readonly conditionDim?: number;
  /** Widths of the trunk's hidden layers. Default [50, 50, 50]. */
  readonly hidden?: readonly number[];
  /** Weights are `bound * tanh(...)`; positive and finite. Default 5. */
  readonly bound?: number;
  /**
   * How the heads start. `exact` (default): at a latent whose trunk features vanish the generated weights are the main
   * network's own initial weights, because the bias is atanh(theta / bound); the head matrices start at
   * U(+-spread / sqrt(width)). `released`: as the published code has it, with bias theta and PyTorch's default matrices;
   * the generated weights then start about `bound` times too large.
   */
  readonly init?: 'exact' | 'released';
  /** Scale of the head matrices for `exact`; default 0.1. */
  readonly spread?: number;
  /** Heads of neighbouring tensors share one matrix up to this many entries (64 MiB by default); a cap on buffer size. */
  readonly packLimit?: number;
}

/** A network whose output is another network's parameters. */
export interface HyperNetwork {
  readonly main: Network<unknown>;
  readonly latentDim: number;
  readonly conditionDim: number;
  readonly bound: number;
  readonly paramSpecs: ParamSpecs;
  /** New parameters of the hypernetwork; the caller disposes them. */
  init(rng: Rng): Params;
  /**
   * The main network's parameters at a point of the latent space; differentiable by `params` and by `input`.
   *
   * `input` is [1, latentDim + conditionDim], latents first. The P returned tensors belong to the caller's tidy scope:
   * generate inside `tf.tidy` or a gradient, or they leak at every step. Never share them between different inputs.
   */
  generate(params: Params, input: tf.Tensor2D): Params;
  /** Largest |pre-activation| of the heads at `input`: beyond 3 the tanh is flat and gradients vanish. */
  saturation(params: Params, input: tf.Tensor2D): Promise<number>;
}

interface Pack {
  readonly name: string;
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly size: number }[];
  readonly size: number;
}

/**
 * A hypernetwork for any main network: a trunk of linear layers with ReLU, and one linear head per parameter tensor,
 * squashed to `bound * tanh` (HyperSORT, section 2.2).
 *
 * With the defaults and HyperSORT's 3.3 million parameter U-Net it has 170 million weights; reduce the main network's
 * features where memory is short.
 *
 * @throws SegError `invalid-argument` for sizes that are no positive integers, a bound that is not positive and finite,
 * without any input, or when the main network's initial weights do not fit inside the bound.
 */
export function hyperNetwork(main: Network<unknown>, options: HyperNetworkOptions = {}): HyperNetwork {
  const { latentDim = 2, conditionDim = 0, hidden = [50, 50, 50], bound = 5, init = 'exact', spread = 0.1 } = options;
  const { packLimit = 2 ** 24 } = options;
  checkOption('hyperNetwork', 'init', init, ['exact', 'released']);
  checkSizes({ latentDim, conditionDim, hidden, bound, packLimit, spread });
  const widths = [latentDim + conditionDim, ...hidden];
  const width = widths[widths.length - 1]!;
  const packs = packHeads(main.paramSpecs, width, packLimit);
  const paramSpecs = specsOf(widths, packs);

  return {
    main,
    latentDim,
    conditionDim,
    bound,
    paramSpecs,
    init(rng) {
      const params: Record<string, tf.Tensor> = {};
      for (const [name, spec] of Object.entries(paramSpecs)) {
        if (name.startsWith('trunk.')) {
          params[name] = tf.tensor(initialValues(spec, rng.fork(name)), [...spec.shape]);
        }
      }
      const mainRng = rng.fork('main');
      for (const pack of packs) {
        const limit = (init === 'exact' ? spread : 1) / Math.sqrt(width);
        const kernel = rng.fork(`${pack.name}.kernel`).fillUniform(new Float32Array(width * pack.size), -limit, limit);
        const bias = new Float32Array(pack.size);
        let at = 0;
        for (const { name, size } of pack.tensors) {
          const start = initialValues(main.paramSpecs[name]!, mainRng.fork(name));
          bias.set(init === 'exact' ? start.map((v) => inverseBound(v, bound, name)) : start, at);
          at += size;
        }
        params[`${pack.name}.kernel`] = tf.tensor2d(kernel, [width, pack.size]);
        params[`${pack.name}.bias`] = tf.tensor1d(bias);
      }
      return params;
    },
    generate(params, input) {
      checkInput(input, latentDim + conditionDim);
      const features = trunk(params, input, widths.length - 1);
      const generated: Record<string, tf.Tensor> = {};
      for (const pack of packs) {
        const flat = tf.mul(tf.tanh(head(params, pack, features)), bound);
        const sizes = pack.tensors.map((t) => t.size);
        // One split per pack: its gradient is a single concat, where slices would each pad to the pack's size.
        const parts = sizes.length === 1 ? [flat] : tf.split(flat, sizes, 0);
        pack.tensors.forEach(({ name, shape }, i) => {
          generated[name] = tf.reshape(parts[i]!, [...shape]);
        });
      }
      return generated;
    },
    async saturation(params, input) {
      checkInput(input, latentDim + conditionDim);
      const largest = tf.tidy(() => {
        const features = trunk(params, input, widths.length - 1);
        return tf.max(tf.stack(packs.map((pack) => tf.max(tf.abs(head(params, pack, features))))));
      });
      const [value] = await largest.data();
      largest.dispose();
      return value!;
    },
  };
}

function trunk(params: Params, input: tf.Tensor2D, layers: number): tf.Tensor2D {
  let features = input;
  for (let i = 0; i < layers; i++) {
    const linear = tf.add(tf.matMul(features, params[`trunk.${i}.kernel`] as tf.Tensor2D), params[`trunk.${i}.bias`]!);
    features = tf.relu(linear) as tf.Tensor2D;
  }
  return features;
}

function head(params: Params, pack: Pack, features: tf.Tensor2D): tf.Tensor1D {
  const product = rowTimesMatrix(features, params[`${pack.name}.kernel`]!);
  return tf.add(tf.reshape(product, [pack.size]), params[`${pack.name}.bias`]!) as tf.Tensor1D;
}

/**
 * [1, width] times [width, size], with gradients that go through the matrix, as large as all heads, in the order of its
 * memory. tf.matMul's own take five times as long on wasm: that by the matrix is an outer product, here elementwise, and
 * that by the row a product with the transposed matrix, here one with the column dy^T.
 */
const rowTimesMatrix = tf.customGrad((...inputs) => {
  const [row, matrix, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor2D, (tensors: tf.Tensor[]) => void];
  save([row, matrix]);
  return {
    value: tf.matMul(row, matrix),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
      tf.reshape(tf.matMul(saved[1] as tf.Tensor2D, tf.reshape(dy, [-1, 1]) as tf.Tensor2D), saved[0]!.shape),
      tf.mul(tf.reshape(saved[0]!, [-1, 1]), dy),
    ],
  };
});

function packHeads(specs: ParamSpecs, width: number, limit: number): Pack[] {
  const packs: Pack[] = [];
  let tensors: Pack['tensors'][number][] = [];
  const close = () => {
    if (tensors.length === 0) return;
    packs.push({ name: `head.${packs.length}`, tensors, size: tensors.reduce((sum, t) => sum + t.size, 0) });
    tensors = [];
  };
  for (const [name, { shape }] of Object.entries(specs)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const packed = tensors.reduce((sum, t) => sum + t.size, 0);
    if ((packed + size) * width > limit) close();
    tensors.push({ name, shape, size });
  }
  close();
  return packs;
}

function specsOf(widths: readonly number[], packs: readonly Pack[]): ParamSpecs {
  const specs: Record<string, ParamSpecs[string]> = {};
  for (let i = 0; i + 1 < widths.length; i++) {
    const [fanIn, size] = [widths[i]!, widths[i + 1]!];
    specs[`trunk.${i}.kernel`] = { shape: [fanIn, size], role: 'kernel', init: { kind: 'fanInUniform' } };
    specs[`trunk.${i}.bias`] = { shape: [size], role: 'bias', init: { kind: 'fanInUniform' }, fanIn };
  }
  const width = widths[widths.length - 1]!;
  for (const { name, size } of packs) {
    // `init` above replaces these: the heads start from the main network's own initial weights.
    specs[`${name}.kernel`] = { shape: [width, size], role: 'kernel', init: { kind: 'fanInUniform' } };
    specs[`${name}.bias`] = { shape: [size], role: 'bias', init: { kind: 'constant', value: 0 } };
  }
  return specs;
}

function inverseBound(value: number, bound: number, name: string): number {
  if (Math.abs(value) < bound) return Math.atanh(value / bound);
  throw new SegError('invalid-argument', {
    where: 'hyperNetwork',
    problem: `an initial weight of ${name} does not fit inside the bound`,
    got: value,
    expected: `below ${bound}`,
    hint: 'Raise bound.',
  });
}

function checkInput(input: tf.Tensor2D, size: number): void {
  if (input.rank === 2 && input.shape[0] === 1 && input.shape[1] === size) return;
  throw new SegError('shape-mismatch', {
    where: 'HyperNetwork.generate',
    problem: 'the input is not one latent with its conditions',
    got: input.shape,
    expected: [1, size],
    hint: 'Generate for one case at a time.',
  });
}

function checkSizes(sizes: {
  latentDim: number;
  conditionDim: number;
  hidden: readonly number[];
  bound: number;
  packLimit: number;
  spread: number;
}): void {
  const { latentDim, conditionDim, hidden, bound, packLimit, spread } = sizes;
  if (!(Number.isFinite(bound) && bound > 0)) {
    throw new SegError('invalid-argument', {
      where: 'hyperNetwork',
      problem: 'the bound must be positive and finite',
      got: bound,
      expected: 'a finite number above 0',
      hint: 'It must exceed the initial weights of the main network; 5 is the default.',
    });
  }
  const whole = [latentDim + conditionDim, ...hidden, packLimit].every((n) => Number.isInteger(n) && n > 0);
  const inputs = [latentDim, conditionDim].every((n) => Number.isInteger(n) && n >= 0);
  if (whole && inputs && spread >= 0 && Number.isFinite(spread) && hidden.length > 0) return;
  throw new SegError('invalid-argument', {
    where: 'hyperNetwork',
    problem: 'sizes must be positive integers, and the spread at least 0',
    got: sizes,
    hint: 'latentDim or conditionDim may be 0, not both.',
  });
}
