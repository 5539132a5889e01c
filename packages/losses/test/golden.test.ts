import { readFileSync } from 'node:fs';
import * as losses from '@seg/losses';
import { oneHot } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

interface Golden {
  readonly shape: readonly number[];
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  readonly soft: readonly number[];
  readonly weightMap: readonly number[];
  readonly regions: readonly number[];
  readonly cases: Readonly<Record<string, { readonly value: number; readonly gradient: readonly number[] }>>;
  readonly tLossNuGradient: { readonly paper: number; readonly released: number };
}

const golden = JSON.parse(readFileSync(new URL('../fixtures/golden_losses.json', import.meta.url), 'utf8')) as Golden;

interface Targets {
  readonly labels: tf.Tensor;
  readonly soft: tf.Tensor;
  readonly regions: tf.Tensor;
  readonly weightMap: tf.Tensor;
}
type Case = (z: tf.Tensor5D, targets: Targets) => tf.Scalar;

const classWeights = [0.2, 1, 3];
const includeBackground = true;

/** One entry for every case of the golden file: the call that a user would write for it. */
const cases: Readonly<Record<string, Case>> = {
  crossEntropy: (z, t) => losses.crossEntropyLoss(z, t.labels),
  crossEntropyClassWeights: (z, t) => losses.crossEntropyLoss(z, t.labels, { classWeights }),
  crossEntropyIgnore: (z, t) => losses.crossEntropyLoss(z, t.labels, { ignoreLabel: 1 }),
  crossEntropyWeightsIgnore: (z, t) => losses.crossEntropyLoss(z, t.labels, { classWeights, ignoreLabel: 1 }),
  crossEntropySoft: (z, t) => losses.crossEntropyLoss(z, t.soft),
  crossEntropyWeightMap: (z, t) => losses.crossEntropyLoss(z, t.labels, { weightMap: t.weightMap }),
  softDice: (z, t) => losses.softDiceLoss(z, t.labels),
  softDiceBackground: (z, t) => losses.softDiceLoss(z, t.labels, { includeBackground }),
  softDiceBatch: (z, t) => losses.softDiceLoss(z, t.labels, { batchDice: true }),
  softDiceSquared: (z, t) => losses.softDiceLoss(z, t.labels, { squared: true }),
  softDiceSoft: (z, t) => losses.softDiceLoss(z, t.soft, { includeBackground }),
  softDiceHyperSort: (z, t) =>
    losses.softDiceLoss(z, t.labels, { includeBackground, smooth: { numerator: 0, denominator: 1e-8 } }),
  binaryDice: (z, t) => losses.binaryDiceLoss(z, t.regions),
  binaryCrossEntropy: (z, t) => losses.binaryCrossEntropyLoss(z, t.regions),
  binaryCrossEntropyPositive: (z, t) => losses.binaryCrossEntropyLoss(z, t.regions, { positiveWeights: [0.5, 2, 4] }),
  diceCrossEntropy: (z, t) => losses.diceCrossEntropyLoss(z, t.labels),
  focal: (z, t) => losses.focalLoss(z, t.labels),
  focalGamma: (z, t) => losses.focalLoss(z, t.labels, { gamma: 1.5 }),
  focalSoft: (z, t) => losses.focalLoss(z, t.soft),
  focalSigmoid: (z, t) => losses.focalLoss(z, t.regions, { activation: 'sigmoid' }),
  focalSigmoidSoft: (z, t) => losses.focalLoss(z, t.soft, { activation: 'sigmoid' }),
  focalSigmoidSoftGamma: (z, t) => losses.focalLoss(z, t.soft, { activation: 'sigmoid', gamma: 0.5, classWeights }),
  generalizedDice: (z, t) => losses.generalizedDiceLoss(z, t.labels),
  generalizedDiceSimple: (z, t) =>
    losses.generalizedDiceLoss(z, t.labels, { includeBackground: false, weight: 'simple' }),
  generalizedDiceBatch: (z, t) => losses.generalizedDiceLoss(z, t.labels, { batchDice: true }),
  tversky: (z, t) => losses.tverskyLoss(z, t.labels, { alpha: 0.3, beta: 0.7 }),
  tverskyBatch: (z, t) =>
    losses.tverskyLoss(z, t.labels, { alpha: 0.3, beta: 0.7, batchDice: true, includeBackground }),
  generalizedCrossEntropy: (z, t) => losses.generalizedCrossEntropyLoss(z, t.labels),
  tLossPaper: (z, t) => losses.tLoss(z, t.labels, { nu: 2.5 }),
  tLossReleased: (z, t) => losses.tLoss(z, t.labels, { nu: 2.5, form: 'released' }),
};

// The reference is float64; ours sums a few hundred float32 terms of order 1.
const valueTolerance = 2e-6;
const gradientTolerance = 2e-5;

function makeTargets(): Targets {
  const voxels = golden.shape.slice(0, 4) as number[];
  const all = golden.shape as number[];
  return {
    labels: tf.tensor(golden.labels as number[], voxels, 'int32'),
    soft: tf.tensor(golden.soft as number[], all),
    regions: tf.tensor(golden.regions as number[], all),
    weightMap: tf.tensor(golden.weightMap as number[], voxels),
  };
}

describeBackends('losses against PyTorch and MONAI', () => {
  it('covers every case of the golden file', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(golden.cases).sort());
  });

  it.each(Object.keys(cases))('%s: value, gradient, no leak', (name) => {
    const before = tf.memory().numTensors;
    const targets = makeTargets();
    const logits = tf.tensor(golden.logits as number[], golden.shape as number[]);
    const expected = golden.cases[name]!;
    const run = (z: tf.Tensor) => cases[name]!(z as tf.Tensor5D, targets);
    const plain = run(logits);
    expect(plain.shape).toEqual([]);
    const { value, grad } = tf.valueAndGrad(run)(logits);
    expect(Math.abs(value.dataSync()[0]! - expected.value)).toBeLessThan(
      valueTolerance * Math.max(1, Math.abs(expected.value)),
    );
    expect(plain.dataSync()[0]).toBe(value.dataSync()[0]);
    const largest = Math.max(...expected.gradient.map(Math.abs));
    const worst = Math.max(...Array.from(grad.dataSync(), (v, i) => Math.abs(v - expected.gradient[i]!)));
    expect(worst / largest).toBeLessThan(gradientTolerance);
    tf.dispose([targets as unknown as tf.TensorContainer, logits, plain, value, grad]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('one-hot and label targets agree', () => {
    tf.tidy(() => {
      const { labels } = makeTargets();
      const probabilities = oneHot(labels, 3);
      const z = tf.tensor5d(golden.logits as number[], golden.shape as tf.Tensor5D['shape']);
      for (const loss of [
        losses.crossEntropyLoss,
        losses.softDiceLoss,
        losses.diceCrossEntropyLoss,
        losses.focalLoss,
        losses.tverskyLoss,
      ]) {
        expect(loss(z, probabilities).dataSync()[0]).toBeCloseTo(loss(z, labels).dataSync()[0]!, 5);
      }
    });
  });

  it('tLossNuGradient is the derivative by nu', () => {
    tf.tidy(() => {
      const { labels } = makeTargets();
      const z = tf.tensor5d(golden.logits as number[], golden.shape as tf.Tensor5D['shape']);
      const squares = losses.tLossSquares(z, labels).dataSync();
      const dimension = losses.tLossDimension(z);
      expect(dimension).toBe(48);
      for (const form of ['paper', 'released'] as const) {
        const got = losses.tLossNuGradient(squares, dimension, { nu: 2.5, form });
        expect(got).toBeCloseTo(golden.tLossNuGradient[form], 6);
      }
    });
  });

  it('learnableTLoss has the same values, and the derivative by ln nu beside that by the logits', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const { labels } = makeTargets();
      const z = tf.tensor5d(golden.logits as number[], golden.shape as tf.Tensor5D['shape']);
      const lnNu = tf.scalar(Math.log(2.5));
      for (const [form, name] of [
        ['paper', 'tLossPaper'],
        ['released', 'tLossReleased'],
      ] as const) {
        const apply = (z: tf.Tensor, lnNu: tf.Tensor) =>
          losses.learnableTLoss(z as tf.Tensor5D, labels, { lnNu: lnNu as tf.Scalar, form });
        const { value, grads } = tf.valueAndGrads(apply as never)([z, lnNu]);
        const expected = golden.cases[name]!;
        expect(Math.abs(value.dataSync()[0]! - expected.value)).toBeLessThan(valueTolerance);
        const largest = Math.max(...expected.gradient.map(Math.abs));
        const apart = Array.from(grads[0]!.dataSync(), (v, i) => Math.abs(v - expected.gradient[i]!));
        expect(Math.max(...apart) / largest).toBeLessThan(gradientTolerance);
        // d/d(ln nu) = nu d/d(nu)
        const byLnNu = 2.5 * golden.tLossNuGradient[form];
        expect(Math.abs(grads[1]!.dataSync()[0]! / byLnNu - 1)).toBeLessThan(gradientTolerance);
        const total = losses.learnableTLoss(z, labels, { lnNu, form, perVoxel: false });
        expect(total.dataSync()[0]! / 48).toBeCloseTo(expected.value, 5);
      }
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('learnableTLoss of many voxels has the derivative by nu that float64 has', () => {
    tf.tidy(() => {
      const z = tf.randomNormal([2, 20, 30, 40, 2], 0, 1, 'float32', 1) as tf.Tensor5D;
      const noise = tf.randomUniform([2, 20, 30, 40], 0, 1, 'float32', 2);
      // Nearly all right, half wrong.
      for (const rate of [0.001, 0.5]) {
        const right = tf.argMax(z, 4);
        const labels = tf.mod(tf.add(right, tf.cast(tf.less(noise, rate), 'int32')), 2);
        const logits = tf.mul(z, 6) as tf.Tensor5D;
        const [squares, dimension] = [losses.tLossSquares(logits, labels).dataSync(), 24_000];
        for (const nu of [0.01, 2.7, 300]) {
          const apply = (lnNu: tf.Tensor) => losses.learnableTLoss(logits, labels, { lnNu: lnNu as tf.Scalar });
          const { value, grad } = tf.valueAndGrad(apply)(tf.scalar(Math.log(nu)));
          const expected = nu * losses.tLossNuGradient(squares, dimension, { nu });
          expect(Math.abs(grad.dataSync()[0]! / expected - 1)).toBeLessThan(1e-3);
          const loss = losses.tLoss(logits, labels, { nu }).dataSync()[0]!;
          expect(Math.abs(value.dataSync()[0]! - loss)).toBeLessThan(1e-5);
        }
      }
    });
  });
});
