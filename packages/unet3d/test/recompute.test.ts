import { disposeParams, type Params, Rng } from '@seg/core';
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
      statistics: 'batch',
      dropout: Rng.fromSeed(3),
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

  it('give gradients by some of the parameters alone, and leave nothing when a stage fails', () => {
    const spec = { kind: 'unet3d', classes: 2, features: [3, 4], recompute: true } as const;
    const network = createNetwork(spec);
    const tensors = tf.memory().numTensors;
    const params = network.init(Rng.fromSeed(1));
    const x = tf.tensor5d(Rng.fromSeed(2).fillNormal(new Float32Array(512)), [1, 8, 8, 8, 1]);
    const name = 'encoder.1.conv1.kernel';
    const loss = (all: Params) => tf.sum(tf.square(network.apply(all, x, { statistics: 'batch' }) as tf.Tensor));
    const [alone] = tf.grads((kernel: tf.Tensor) => loss({ ...params, [name]: kernel }))([params[name]!]);
    const names = Object.keys(params);
    const together = tf.grads((...values: tf.Tensor[]) =>
      loss(Object.fromEntries(names.map((n, i) => [n, values[i]!]))),
    )(Object.values(params));
    const expected = together[names.indexOf(name)]!.dataSync();
    const scale = Math.max(...expected.map(Math.abs));
    alone!.dataSync().forEach((g, i) => {
      expect(Math.abs(g - expected[i]!)).toBeLessThanOrEqual(scale * tolerance[backend]!);
    });
    tf.dispose([alone!, ...together]);
    // Running statistics that are missing fail within the first stage.
    const failing = createNetwork({ ...spec, norm: 'batch' });
    const before = tf.memory().numTensors;
    expect(() =>
      tf.grads((kernel: tf.Tensor) => tf.sum(failing.apply({ ...params, [name]: kernel }, x) as tf.Tensor))([
        params[name]!,
      ]),
    ).toThrow(/running statistics/);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
