import { readFileSync } from 'node:fs';
import { disposeParams, type Params } from '@seg/core';
import { diceCrossEntropy } from '@seg/ops';
import { importTorchUnet, type TorchTensor, unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';

interface Packed {
  readonly shape: readonly number[];
  readonly data: string;
}
interface Golden {
  readonly features: readonly number[];
  readonly classes: number;
  readonly x: Packed;
  readonly labels: readonly number[];
  readonly logits: Packed;
  readonly loss: number;
  readonly gradX: Packed;
  readonly weights: Readonly<Record<string, Packed>>;
  readonly gradients: Readonly<Record<string, Packed>>;
}

const golden = JSON.parse(readFileSync(new URL('../../fixtures/golden_unet.json', import.meta.url), 'utf8')) as Golden;

function unpack({ shape, data }: Packed): TorchTensor {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return { shape, data: new Float32Array(bytes.buffer) };
}
const unpackAll = (all: Readonly<Record<string, Packed>>) =>
  Object.fromEntries(Object.entries(all).map(([name, packed]) => [name, unpack(packed)]));

/** [N, C, D, H, W] as PyTorch has it to [N, D, H, W, C]. */
const channelsLast = (packed: Packed): tf.Tensor5D => {
  const { shape, data } = unpack(packed);
  return tf.tidy(() => tf.transpose(tf.tensor5d(data, shape as tf.Tensor5D['shape']), [0, 2, 3, 4, 1]));
};

function relativeError(got: tf.Tensor, expected: tf.Tensor): number {
  expect(got.shape).toEqual(expected.shape);
  const [a, b] = [got.dataSync(), expected.dataSync()];
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return worst / largest;
}

// The reference is float64 rounded to float32; ours is float32 all through: about 1e-6 forward, ten times that behind
// the norms' divisions backward.
const forwardTolerance = 1e-5;
const gradientTolerance = 1e-4;

describeBackends('U-Net with weights from PyTorch', () => {
  it('gives the same logits, loss and gradients', () => {
    const before = tf.memory().numTensors;
    const network = unet3d({ classes: golden.classes, features: golden.features });
    const params = importTorchUnet(unpackAll(golden.weights), network.paramSpecs);
    const x = channelsLast(golden.x);
    const labels = tf.tensor(golden.labels as number[], [...x.shape.slice(0, 4)] as number[], 'int32');

    const expectedLogits = channelsLast(golden.logits);
    const logits = network.apply(params, x, { statistics: 'batch' });
    expect(relativeError(logits, expectedLogits)).toBeLessThan(forwardTolerance);

    const names = Object.keys(params);
    const lossOf = (x: tf.Tensor, ...values: tf.Tensor[]) => {
      const named: Params = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      return diceCrossEntropy(network.apply(named, x as tf.Tensor5D, { statistics: 'batch' }), labels);
    };
    const { value, grads } = tf.valueAndGrads(lossOf)([x, ...Object.values(params)]);
    expect(value.dataSync()[0]).toBeCloseTo(golden.loss, 5);
    const expectedX = channelsLast(golden.gradX);
    expect(relativeError(grads[0]!, expectedX)).toBeLessThan(gradientTolerance);
    const expected = importTorchUnet(unpackAll(golden.gradients), network.paramSpecs);
    // A bias before a norm has no effect: its gradient is rounding noise there, so all are measured against the kernels'.
    const scale = Math.max(...Object.values(expected).map((t) => Math.max(...t.dataSync().map(Math.abs))));
    names.forEach((name, i) => {
      if (!name.endsWith('.bias') || name.startsWith('head')) {
        expect(relativeError(grads[i + 1]!, expected[name]!), name).toBeLessThan(gradientTolerance);
      } else {
        expect(Math.max(...grads[i + 1]!.dataSync().map(Math.abs)) / scale, name).toBeLessThan(gradientTolerance);
      }
    });

    for (const t of [x, labels, expectedLogits, logits, value, ...grads, expectedX]) t.dispose();
    disposeParams(params);
    disposeParams(expected);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses weights of another network, and values that do not fill their shape', () => {
    const before = tf.memory().numTensors;
    const other = unet3d({ classes: 2, features: [4, 6, 8] });
    expect(() => importTorchUnet(unpackAll(golden.weights), other.paramSpecs)).toThrow(/head\.0\.kernel has shape/);
    const short = { ...unpackAll(golden.weights), 'head.bias': { shape: [3], data: new Float32Array(2) } };
    expect(() => importTorchUnet(short, other.paramSpecs)).toThrow(/head\.bias/);
    expect(tf.memory().numTensors).toBe(before);
  });
});
