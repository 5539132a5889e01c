import { type Network, Rng } from '@seg/core';
import { learnableTLoss, tLoss, tLossDimension, tLossFromSquares, tLossNuGradient, tLossSquares } from '@seg/losses';
import { createParams } from '@seg/ops';
import type { Method } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import { countedTLoss } from '../src/baselines/counted-t-loss.ts';
import { labelDiceError } from '../src/cases/label-voxels.ts';
import { hypersort, plainUnet, qualitySentinel, tLossUnet } from '../src/index.ts';

/** The same float32 sums in another order; a shift of some logits by 3 changes no sum that counts. */
const FLOAT32_TOLERANCE = 2e-6;
const classes = 3;
const label = [0, 1, 255, 2, 255, 1, 0, 0, 2, 255, 255, 1];
const ignored = label.map((v) => v === 255);
const paramSpecs = {
  logits: { shape: [1, 2, 3, 2, classes], role: 'kernel', init: { kind: 'normal', standardDeviation: 1 } },
} as const;

/** The logits are the parameters themselves, so that a gradient by a parameter is one by a voxel's logit. */
const network: Network<tf.Tensor5D> = {
  paramSpecs,
  bufferSpecs: {},
  init: (rng) => createParams(paramSpecs, rng),
  apply: ({ logits }, x) => tf.add(logits!, tf.mul(x, 0)) as tf.Tensor5D,
};

const methods: Readonly<Record<string, readonly [Method, string, string]>> = {
  hypersort: [hypersort({ network, hyper: { hidden: [4] } }) as unknown as Method, 'hyper', 'head.0.bias'],
  'plain-unet': [plainUnet({ network }) as unknown as Method, 'network', 'logits'],
  't-loss-unet': [tLossUnet({ network }) as unknown as Method, 'network', 'logits'],
};

/** Loss and gradient by one tensor in the method's step, after that tensor was moved where voxels are ignored. */
function step([method, group, name]: readonly [Method, string, string], shift: number) {
  const params = Object.fromEntries(
    Object.entries(method.groups).map(([key, { init }]) => [
      key,
      { ...(init as (rng: Rng, ids: string[]) => Record<string, tf.Tensor>)(Rng.fromSeed(2).fork(key), ['a']) },
    ]),
  );
  const tensor = params[group]![name]!;
  const moved = tf.tidy(() => {
    const offset = Array.from({ length: tensor.size }, (_, i) => (ignored[Math.floor(i / classes)] ? shift : 0));
    return tf.add(tensor, tf.tensor(offset, tensor.shape));
  });
  tensor.dispose();
  params[group]![name] = moved;
  const image = tf.zeros([1, 2, 3, 2, 1]) as tf.Tensor5D;
  const labels = tf.tensor4d(label, [1, 2, 3, 2], 'int32');
  const result = tf.tidy(() => {
    const { gradients, metrics } = method.step({
      params,
      trainable: params,
      batch: { train: { image, label: labels, cases: [{ id: 'a', labelled: true }], extras: {} } },
      state: { loss: null },
      rng: Rng.fromSeed(1),
      step: 0,
      progress: 0,
      phase: 'training',
      phaseProgress: 0,
      turn: 0,
    });
    const gradient = gradients![group]![name]!;
    return { loss: (metrics!.loss as tf.Tensor).dataSync()[0]!, gradient: [...gradient.dataSync()] };
  });
  tf.dispose([image, labels, params] as unknown as tf.TensorContainer);
  return result;
}

describeBackends('voxels of class 255', () => {
  it.each(Object.entries(methods))('change nothing in %s', (_, method) => {
    const before = tf.memory().numTensors;
    const still = step(method, 0);
    const moved = step(method, 3);
    expect(tf.memory().numTensors).toBe(before);
    expect(Math.abs(moved.loss - still.loss)).toBeLessThan(FLOAT32_TOLERANCE);
    let largest = 0;
    still.gradient.forEach((g, i) => {
      if (ignored[Math.floor(i / classes)]) {
        expect(Math.abs(g)).toBe(0);
        expect(Math.abs(moved.gradient[i]!)).toBe(0);
      } else {
        expect(Math.abs(moved.gradient[i]! - g)).toBeLessThan(FLOAT32_TOLERANCE);
        largest = Math.max(largest, Math.abs(g));
      }
    });
    expect(largest).toBeGreaterThan(1e-3);
  });
});

describeBackends('countedTLoss', () => {
  const lnNu = 0.7;
  /** A batch of two with 0 to 10 of 12 voxels ignored in each. */
  function batch(channels: number, seed: number) {
    const rng = Rng.fromSeed(seed);
    const logits = tf.tensor5d(rng.fillNormal(new Float32Array(24 * channels), 0, 2), [2, 2, 3, 2, channels]);
    const values = Array.from({ length: 24 }, (_, i) => ((i < 12 ? i >= 2 && i < 7 : i >= 14 && i < 24) ? 255 : i % 2));
    return { logits, values, labels: tf.tensor4d(values, [2, 2, 3, 2], 'int32') };
  }

  it.each([1, 2, 3])('with %i channel(s): the T-loss of the voxels that are left, each image by itself', (channels) => {
    const before = tf.memory().numTensors;
    const { logits, values, labels } = batch(channels, channels);
    const nu = Math.exp(lnNu);
    const l = tf.scalar(lnNu);
    let loss = 0;
    let byNu = 0;
    const byLogits = new Float64Array(logits.size);
    for (const n of [0, 1]) {
      // The counted voxels of one image as an image of their own, for the loss without an ignored class.
      const kept = values.flatMap((v, i) => (Math.floor(i / 12) === n && v !== 255 ? [i] : []));
      tf.tidy(() => {
        const rows = tf.gather(tf.reshape(logits, [24, channels]), tf.tensor1d(kept, 'int32'));
        const own = tf.reshape(rows, [1, 1, 1, kept.length, channels]) as tf.Tensor5D;
        const target = tf.tensor4d(
          kept.map((i) => values[i]!),
          [1, 1, 1, kept.length],
          'int32',
        );
        loss += tLoss(own, target, { nu }).dataSync()[0]! / 2;
        byNu += tLossNuGradient(tLossSquares(own, target).dataSync(), tLossDimension(own), { nu }) / 2;
        const gradient = tf
          .grad((x: tf.Tensor) => tLoss(x as tf.Tensor5D, target, { nu }))(own)
          .dataSync();
        kept.forEach((i, at) => {
          for (let c = 0; c < channels; c++) byLogits[i * channels + c] = gradient[at * channels + c]! / 2;
        });
      });
    }
    const { value, grads } = tf.valueAndGrads((x: tf.Tensor, s: tf.Tensor) =>
      countedTLoss(x as tf.Tensor5D, labels, s as tf.Scalar),
    )([logits, l]) as { value: tf.Tensor; grads: tf.Tensor[] };
    expect(Math.abs(value.dataSync()[0]! - loss)).toBeLessThan(1e-5);
    expect(Math.abs(grads[1]!.dataSync()[0]! - byNu * nu)).toBeLessThan(1e-5);
    const found = grads[0]!.dataSync();
    byLogits.forEach((g, i) => {
      expect(Math.abs(found[i]! - g), `${i}`).toBeLessThan(1e-6);
    });
    tf.dispose([logits, labels, l, value, ...grads]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has no part of classes that were not annotated, which are background', () => {
    const before = tf.memory().numTensors;
    const { logits, values, labels } = batch(3, 5);
    const l = tf.scalar(lnNu);
    const cases = [
      { id: 'a', labelled: true, annotated: [1] },
      { id: 'b', labelled: true },
    ];
    const loss = countedTLoss(logits, labels, l, cases);
    const data = logits.dataSync();
    const nu = Math.exp(lnNu);
    let expected = 0;
    for (const n of [0, 1]) {
      const kept = values.flatMap((v, i) => (Math.floor(i / 12) === n && v !== 255 ? [i] : []));
      // As one channel: the error of class 1 alone, whose softmax the merging leaves as it is.
      const foreground = n === 0 ? [1] : [1, 2];
      let s = 0;
      for (const i of kept) {
        const e = [0, 1, 2].map((c) => Math.exp(data[3 * i + c]!));
        const sum = e.reduce((a, b) => a + b, 0);
        for (const c of foreground) s += (e[c]! / sum - (values[i] === c ? 1 : 0)) ** 2;
      }
      const D = kept.length * foreground.length;
      expected += tf.tidy(() => tLossFromSquares(tf.tensor1d([s]), D, { nu }).dataSync()[0]! / 2);
    }
    expect(Math.abs(loss.dataSync()[0]! - expected)).toBeLessThan(1e-5);
    tf.dispose([logits, labels, l, loss]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is learnableTLoss where nothing is ignored, and 0 where all is', () => {
    tf.tidy(() => {
      const { logits } = batch(3, 7);
      const l = tf.scalar(lnNu);
      const all = tf.tensor4d(
        Array.from({ length: 24 }, (_, i) => i % 3),
        [2, 2, 3, 2],
        'int32',
      );
      const expected = learnableTLoss(logits, all, { lnNu: l }).dataSync()[0]!;
      expect(Math.abs(countedTLoss(logits, all, l).dataSync()[0]! - expected)).toBeLessThan(1e-6);
      const none = tf.fill([2, 2, 3, 2], 255, 'int32') as tf.Tensor4D;
      const { value, grads } = tf.valueAndGrads((x: tf.Tensor, s: tf.Tensor) =>
        countedTLoss(x as tf.Tensor5D, none, s as tf.Scalar),
      )([logits, l]);
      expect(value.dataSync()[0]).toBe(0);
      for (const gradient of grads) expect(Math.max(...gradient.dataSync().map(Math.abs))).toBe(0);
    });
  });
});

it('Dice errors are over what somebody annotated, of all classes together', () => {
  expect(labelDiceError(Uint8Array.of(1, 1, 1, 0), Uint8Array.of(1, 2, 2, 0))).toBe(0);
  expect(labelDiceError(Uint8Array.of(1, 1, 1, 1), Uint8Array.of(1, 0, 255, 255))).toBeCloseTo(1 / 3, 12);
  expect(labelDiceError(Uint8Array.of(1, 0), Uint8Array.of(255, 0))).toBe(0);
});

it('the quality regressor sees masks of 0 and 1, and their Dice where somebody annotated', () => {
  const { prepare } = qualitySentinel().streams.train;
  const shape = [4, 4, 4] as const;
  const values = Uint8Array.from({ length: 64 }, (_, i) => [0, 1, 1, 255][i % 4]!);
  const qualities = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const sample = { image: new Float32Array(64), label: values, shape, channels: 1, extras: {} };
    const { image, channels, extras } = prepare!(sample, Rng.fromSeed(seed), { id: 'a', labelled: true });
    expect(channels).toBe(2);
    const mask = image.slice(64);
    let [both, all] = [0, 0];
    mask.forEach((m, i) => {
      expect([0, 1]).toContain(m);
      if (values[i] === 255) return;
      both += m * values[i]!;
      all += m + values[i]!;
    });
    expect(extras!.quality!.data[0]).toBeCloseTo((2 * both) / all, 6);
    qualities.add(extras!.quality!.data[0]!);
  }
  expect(qualities.size).toBeGreaterThan(3);
});
