import { readFileSync } from 'node:fs';
import { disposeParams, type Params } from '@seg/core';
import { createNetwork, type NetworkSpec } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

interface Variant {
  readonly title: string;
  readonly input: tf.Tensor5D['shape'];
  readonly config: NetworkSpec;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly logits: readonly (readonly number[])[];
  readonly gradients: Readonly<Record<string, { readonly norm: number; readonly dot: number }>>;
}

const { variants } = JSON.parse(readFileSync(new URL('../fixtures/golden_variants.json', import.meta.url), 'utf8')) as {
  readonly variants: readonly Variant[];
};

const fill = (length: number, value: (i: number) => number) => Float32Array.from({ length }, (_, i) => value(i));

/** The formula of the generator. */
function makeParams(shapes: Variant['shapes']): Params {
  const entries = Object.entries(shapes).map(([name, shape], k) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const fanIn = shape.slice(0, 4).reduce((a, b) => a * b, 1);
    const amplitude = name.endsWith('.kernel') ? 1 / Math.sqrt(fanIn) : 0.2;
    const base = name.endsWith('.scale') ? 1 : 0;
    return [
      name,
      tf.tensor(
        fill(size, (i) => amplitude * Math.sin(1.7 * (i + 1) + k) + base),
        [...shape],
      ),
    ] as const;
  });
  return Object.fromEntries(entries);
}

// float32 against float64, through up to a dozen layers; gradients relative to the largest one of the network, because
// those of biases before norms cancel to nothing.
const forwardTolerance = 2e-5;
const gradientTolerance = 2e-4;

describeBackends('networks against PyTorch', () => {
  it.each(variants)('$title: parameters, logits and all gradients', ({ input, config, shapes, logits, gradients }) => {
    const before = tf.memory().numTensors;
    const network = createNetwork(config);
    const specs = Object.entries(network.paramSpecs).map(([name, { shape }]) => [name, [...shape]]);
    expect(Object.fromEntries(specs)).toEqual(shapes);
    const params = makeParams(shapes);
    const x = tf.tensor5d(
      fill(
        input.reduce((a, b) => a * b, 1),
        (i) => Math.sin(0.9 * i) + 0.3 * Math.cos(i * i),
      ),
      input,
    );

    const run = (params: Params) => {
      const out = network.apply(params, x, { statistics: 'batch' });
      return Array.isArray(out) ? out : [out];
    };
    const got = run(params);
    expect(got.length).toBe(logits.length);
    got.forEach((z, s) => {
      const largest = Math.max(...logits[s]!.map(Math.abs));
      const worst = Math.max(...Array.from(z.dataSync(), (v, i) => Math.abs(v - logits[s]![i]!)));
      expect(worst / largest, `output ${s}`).toBeLessThan(forwardTolerance);
    });

    const names = Object.keys(params);
    const grads = tf.grads((...values: tf.Tensor[]) => {
      const outputs = run(Object.fromEntries(names.map((name, i) => [name, values[i]!])));
      const terms = outputs.map((z) =>
        tf.sum(tf.mul(tf.reshape(z, [-1]), tf.tensor1d(fill(z.size, (i) => Math.cos(0.6 * i))))),
      );
      return terms.reduce((a, b) => tf.add(a, b));
    })(Object.values(params));
    const scale = Math.max(...Object.values(gradients).map((g) => g.norm));
    names.forEach((name, k) => {
      const values = grads[k]!.dataSync();
      let [square, dot] = [0, 0];
      for (let i = 0; i < values.length; i++) {
        square += values[i]! ** 2;
        dot += values[i]! * Math.sin(2.3 * (i + 1));
      }
      expect(Math.abs(Math.sqrt(square) - gradients[name]!.norm) / scale, `norm of ${name}`).toBeLessThan(
        gradientTolerance,
      );
      expect(Math.abs(dot - gradients[name]!.dot) / scale, `product of ${name}`).toBeLessThan(gradientTolerance);
    });

    tf.dispose([x, ...got, ...grads]);
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(before);
  });
});
