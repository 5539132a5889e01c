import { disposeParams, Rng } from '@seg/core';
import { createParams } from '@seg/ops';
import { createNetwork, type NetworkSpec } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

/** One and the same operations; native kernels sum in no fixed order. */
const tolerance = { cpu: 0, wasm: 0, tensorflow: 1e-5 } as Readonly<Record<string, number>>;

const specs: readonly NetworkSpec[] = [
  {
    kind: 'unet3d',
    classes: 2,
    features: [3, 4, 5],
    convsPerStage: 3,
    dropout: { rate: 0.3, kind: 'element', each: 'block', places: 'all' },
    deepSupervision: true,
  },
  { kind: 'unet3d', classes: 2, features: [3, 4], norm: 'batch', down: 'maxPool', up: 'trilinear', upBlock: true },
  { kind: 'unet3d', classes: 2, features: [4], activation: 'prelu' },
  { kind: 'resEncUnet3d', classes: 2, features: [3, 4], blocksPerStage: 2 },
] as unknown as readonly NetworkSpec[];

/** Logits, gradients by all parameters and the input, new statistics, and the bytes held before the backward pass. */
function train(spec: NetworkSpec) {
  const network = createNetwork(spec);
  const params = network.init(Rng.fromSeed(1));
  const names = Object.keys(params);
  const image = Rng.fromSeed(2).fillNormal(new Float32Array(2 * 8 * 12 * 8));
  const x = tf.tensor5d(image, [2, 8, 12, 8, 1]);
  const updates: [string, number[]][] = [];
  const buffers = createParams(network.bufferSpecs, Rng.fromSeed(4));
  const before = tf.memory().numBytes;
  let held = 0;
  const logits: number[] = [];
  const gradients = tf.grads((input: tf.Tensor, ...values: tf.Tensor[]) => {
    const out = network.apply(Object.fromEntries(names.map((n, i) => [n, values[i]!])), input as tf.Tensor5D, {
      training: true,
      rng: Rng.fromSeed(3),
      buffers,
      updateBuffer: (name, value) => {
        updates.push([name, [...value.dataSync()]]);
        value.dispose();
      },
    });
    const all = (Array.isArray(out) ? out : [out]) as tf.Tensor[];
    for (const t of all) logits.push(...t.dataSync());
    held = tf.memory().numBytes - before;
    return tf.addN(all.map((t) => tf.sum(tf.square(t)))) as tf.Scalar;
  })([x, ...Object.values(params)]);
  const result = { logits, updates, held, gradients: gradients.map((g) => [...g.dataSync()]) };
  tf.dispose([x, ...gradients]);
  disposeParams(params);
  disposeParams(buffers);
  return result;
}

describeBackends('networks that compute stages again', (backend) => {
  it.each(specs.map((spec) => ({ spec })))('train as they do without it: $spec', ({ spec }) => {
    const tensors = tf.memory().numTensors;
    const plain = train(spec);
    const again = train({ ...spec, recompute: true } as NetworkSpec);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(again.logits).toEqual(plain.logits);
    expect(again.updates).toEqual(plain.updates);
    expect(again.gradients.length).toBe(plain.gradients.length);
    plain.gradients.forEach((gradient, i) => {
      const scale = Math.max(...gradient.map(Math.abs), 1e-3);
      gradient.forEach((g, k) => {
        expect(Math.abs(g - again.gradients[i]![k]!)).toBeLessThanOrEqual(scale * tolerance[backend]!);
      });
    });
    // What lies between the ends of a stage is not there when the gradient begins.
    expect(again.held).toBeLessThan(0.75 * plain.held);
  });

  it('predict as they do without it', () => {
    for (const spec of specs.filter((s) => s.kind === 'unet3d' && s.norm !== 'batch')) {
      const predict = (one: NetworkSpec) => {
        const network = createNetwork(one);
        const params = network.init(Rng.fromSeed(1));
        const out = tf.tidy(() => {
          const x = tf.tensor5d(Rng.fromSeed(2).fillNormal(new Float32Array(512)), [1, 8, 8, 8, 1]);
          const logits = network.apply(params, x, { training: false });
          return (Array.isArray(logits) ? logits : [logits]).flatMap((t) => [...(t as tf.Tensor).dataSync()]);
        });
        disposeParams(params);
        return out;
      };
      expect(predict({ ...spec, recompute: true } as NetworkSpec)).toEqual(predict(spec));
    }
  });
});
