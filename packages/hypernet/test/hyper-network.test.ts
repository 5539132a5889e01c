import { countParams, disposeParams, type Network, Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import { type HyperNetworkOptions, hyperNetwork, latentPenalty } from '../src/index.ts';

/** Float32 through two matrix products and a tanh. */
const FLOAT32_TOLERANCE = 2e-5;
/** Central differences with step 1e-2 in float32. */
const DIFFERENCE_TOLERANCE = 2e-2;

/** y = x kernel + bias on vectors: the smallest thing that is a network. */
const linear: Network<tf.Tensor> = {
  paramSpecs: {
    kernel: { shape: [3, 2], role: 'kernel', init: { kind: 'fanInUniform' } },
    bias: { shape: [2], role: 'bias', init: { kind: 'constant', value: 0.25 } },
    scale: { shape: [1], role: 'scale', init: { kind: 'constant', value: 1 } },
  },
  bufferSpecs: {},
  init: () => ({}),
  apply: (p, x) => tf.mul(tf.add(tf.matMul(tf.reshape(x, [-1, 3]), p.kernel as tf.Tensor2D), p.bias!), p.scale!),
};

/** The same generation in float64 loops. */
function reference(
  params: Record<string, number[]>,
  shapes: Record<string, number[]>,
  input: number[],
  bound: number,
): number[] {
  let h = input;
  for (let layer = 0; `trunk.${layer}.kernel` in params; layer++) {
    h = product(h, params[`trunk.${layer}.kernel`]!, shapes[`trunk.${layer}.kernel`]![1]!).map((v, i) =>
      Math.max(0, v + params[`trunk.${layer}.bias`]![i]!),
    );
  }
  const result: number[] = [];
  for (let pack = 0; `head.${pack}.kernel` in params; pack++) {
    const size = shapes[`head.${pack}.kernel`]![1]!;
    const linearPart = product(h, params[`head.${pack}.kernel`]!, size);
    result.push(...linearPart.map((v, i) => bound * Math.tanh(v + params[`head.${pack}.bias`]![i]!)));
  }
  return result;
}

const product = (row: number[], matrix: number[], columns: number) =>
  Array.from({ length: columns }, (_, j) => row.reduce((sum, v, i) => sum + v * matrix[i * columns + j]!, 0));

function plain(params: Record<string, tf.Tensor>) {
  const values = Object.fromEntries(Object.entries(params).map(([n, t]) => [n, [...t.dataSync()]]));
  const shapes = Object.fromEntries(Object.entries(params).map(([n, t]) => [n, t.shape]));
  return { values, shapes };
}

describeBackends('hyperNetwork', () => {
  it.each<[string, HyperNetworkOptions]>([
    ['one pack', { hidden: [5, 4] }],
    ['a pack per tensor', { hidden: [5, 4], packLimit: 1 }],
    ['conditions and a released start', { hidden: [6], conditionDim: 1, latentDim: 3, init: 'released', bound: 2 }],
  ])('generates what float64 loops give: %s', (_, options) => {
    const hyper = hyperNetwork(linear, options);
    const params = hyper.init(Rng.fromSeed(1));
    const input = [0.3, -0.7, 0.2, 1.5].slice(0, hyper.latentDim + hyper.conditionDim);
    const { values, shapes } = plain(params);
    const before = tf.memory().numTensors;
    const generated = tf.tidy(() => {
      const made = hyper.generate(params, tf.tensor2d(input, [1, input.length]));
      return Object.entries(made).flatMap(([name, t]) => {
        expect(t.shape).toEqual(linear.paramSpecs[name]!.shape);
        return [...t.dataSync()];
      });
    });
    expect(tf.memory().numTensors).toBe(before);
    const expected = reference(values, shapes, input, options.bound ?? 5);
    expect(generated.length).toBe(9);
    const errors = generated.map((v, i) => Math.abs(v - expected[i]!));
    expect(Math.max(...errors)).toBeLessThan(FLOAT32_TOLERANCE);
    disposeParams(params);
  });

  it('starts at the main network’s own weights (exact), or bound times them (released)', () => {
    const size = 4;
    const at = (init: 'exact' | 'released') => {
      const hyper = hyperNetwork(linear, { hidden: [size], init, spread: 1e-7 });
      const params = hyper.init(Rng.fromSeed(2));
      // features vanish where the trunk's output is negative everywhere
      const silent = { ...params, 'trunk.0.bias': tf.fill([size], -10) };
      const bias = tf.tidy(() => [...hyper.generate(silent, tf.zeros([1, 2])).bias!.dataSync()]);
      disposeParams(silent);
      params['trunk.0.bias']!.dispose();
      return bias;
    };
    for (const v of at('exact')) expect(Math.abs(v - 0.25)).toBeLessThan(FLOAT32_TOLERANCE);
    for (const v of at('released')) expect(Math.abs(v - 5 * Math.tanh(0.25))).toBeLessThan(FLOAT32_TOLERANCE);
  });

  it('is differentiable by its parameters and by the latent', () => {
    const hyper = hyperNetwork(linear, { hidden: [6, 5] });
    const params = hyper.init(Rng.fromSeed(3));
    const names = Object.keys(params);
    const x = tf.tensor2d([[1, -2, 0.5]]) as unknown as tf.Tensor5D;
    const loss = (latent: tf.Tensor, ...values: tf.Tensor[]) =>
      tf.tidy(() => {
        const map = Object.fromEntries(names.map((n, i) => [n, values[i]!]));
        const y = linear.apply(hyper.generate(map, latent as tf.Tensor2D), x, { statistics: 'batch' });
        return tf.add(tf.sum(tf.square(y)), latentPenalty(latent, { weight: 0.1 })) as tf.Scalar;
      });
    const latent = tf.tensor2d([[0.4, -0.6]]);
    const inputs = [latent, ...Object.values(params)];
    const gradients = tf.grads((...all: tf.Tensor[]) => loss(all[0]!, ...all.slice(1)))(inputs);
    const step = 1e-2;
    const rng = Rng.fromSeed(4);
    inputs.forEach((input, i) => {
      const values = input.dataSync();
      const gradient = gradients[i]!.dataSync();
      const scale = Math.max(1e-2, ...gradient.map(Math.abs));
      for (let trial = 0; trial < 3; trial++) {
        const k = rng.integer(values.length);
        const moved = (d: number) => {
          const changed = values.slice();
          changed[k]! += d;
          const t = tf.tensor(changed, input.shape);
          const all = inputs.map((v, j) => (i === j ? t : v));
          const result = loss(all[0]!, ...all.slice(1)).dataSync()[0]!;
          t.dispose();
          return result;
        };
        const numeric = (moved(step) - moved(-step)) / (2 * step);
        expect(Math.abs(gradient[k]! - numeric) / scale, `${i}[${k}]`).toBeLessThan(DIFFERENCE_TOLERANCE);
      }
    });
    tf.dispose([gradients, x, latent]);
    disposeParams(params);
  });

  it('reports the largest pre-activation', async () => {
    const hyper = hyperNetwork(linear, { hidden: [4] });
    const params = hyper.init(Rng.fromSeed(5));
    const z = tf.zeros([1, 2]) as tf.Tensor2D;
    const largest = tf.tidy(() => {
      const generated = Object.values(hyper.generate(params, z)).flatMap((t) => [...t.dataSync()]);
      return Math.max(...generated.map((v) => Math.abs(Math.atanh(v / 5))));
    });
    expect(Math.abs((await hyper.saturation(params, z)) - largest)).toBeLessThan(FLOAT32_TOLERANCE);
    z.dispose();
    disposeParams(params);
  });
});

describe('hyperNetwork', () => {
  it('has the published size at the published widths: trunk, and 51 numbers for each weight of the main network', () => {
    const hyper = hyperNetwork(linear);
    const trunk = 2 * 50 + 50 + 2 * (50 * 50 + 50);
    expect(countParams(hyper.paramSpecs)).toBe(trunk + 9 * 51);
  });

  it('refuses bad sizes, bad inputs and weights beyond the bound', () => {
    expect(() => hyperNetwork(linear, { latentDim: 0 })).toThrow(/hyperNetwork: sizes must be positive/);
    expect(() => hyperNetwork(linear, { bound: 0.5 }).init(Rng.fromSeed(1))).toThrow(/does not fit inside the bound/);
    expect(() => hyperNetwork(linear, { spread: -1 })).toThrow(/the spread at least 0/);
    expect(() => hyperNetwork(linear, { init: 'relased' as 'released' })).toThrow(/Did you mean "released"/);
    for (const bound of [Number.POSITIVE_INFINITY, Number.NaN, 0, -1])
      expect(() => hyperNetwork(linear, { bound })).toThrow(
        new RegExp(`hyperNetwork: the bound must be positive and finite \\(got ${bound}, expected`),
      );
    const hyper = hyperNetwork(linear);
    const batch = tf.zeros([2, 2]) as tf.Tensor2D;
    expect(() => hyper.generate({}, batch)).toThrow(/got \[2,2\], expected \[1,2\]/);
    batch.dispose();
    const z = tf.zeros([2]);
    expect(() => latentPenalty(z, { weight: -1 })).toThrow(/latentPenalty/);
    expect(() => latentPenalty(z, { kind: 'l3' as 'l1' })).toThrow(/latentPenalty/);
    z.dispose();
  });
});
