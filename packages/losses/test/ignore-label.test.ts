import * as losses from '@seg/losses';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

type Loss = (z: tf.Tensor5D, y: tf.Tensor, ignore: { readonly ignoreLabel?: number }) => tf.Scalar;

/** Every loss that takes `ignoreLabel`, also with the options that change how voxels are counted. */
const ignoring: Readonly<Record<string, Loss>> = {
  crossEntropy: losses.crossEntropyLoss,
  crossEntropyWeighted: (z, y, o) => losses.crossEntropyLoss(z, y, { ...o, classWeights: [0.5, 2, 3] }),
  softDice: losses.softDiceLoss,
  softDiceSquared: (z, y, o) => losses.softDiceLoss(z, y, { ...o, squared: true, batchDice: true }),
  diceCrossEntropy: losses.diceCrossEntropyLoss,
  binaryCrossEntropy: losses.binaryCrossEntropyLoss,
  binaryCrossEntropyPositive: (z, y, o) => losses.binaryCrossEntropyLoss(z, y, { ...o, positiveWeights: [1, 2, 3] }),
  binaryDice: losses.binaryDiceLoss,
  binaryDiceCrossEntropy: losses.binaryDiceCrossEntropyLoss,
  focal: losses.focalLoss,
  focalSigmoid: (z, y, o) => losses.focalLoss(z, y, { ...o, activation: 'sigmoid', gamma: 0.5 }),
  generalizedDice: losses.generalizedDiceLoss,
  tversky: (z, y, o) => losses.tverskyLoss(z, y, { ...o, alpha: 0.3, beta: 0.7 }),
  generalizedCrossEntropy: losses.generalizedCrossEntropyLoss,
};

const classes = 3;
const labels = [0, 9, 2, 1, 9, 9, 0, 2, 1, 9];
const kept = labels.flatMap((label, i) => (label === 9 ? [] : [i]));
const height = (voxel: number, c: number) => Math.sin(7 * voxel + 3 * c) * 2;

function logitsOf(voxels: readonly number[]): tf.Tensor5D {
  const values = voxels.flatMap((voxel) => [0, 1, 2].map((c) => height(voxel, c)));
  return tf.tensor5d(values, [1, 1, 1, voxels.length, classes]);
}

const labelsOf = (voxels: readonly number[]) =>
  tf.tensor(
    voxels.map((voxel) => labels[voxel]!),
    [1, 1, 1, voxels.length],
    'int32',
  );

describeBackends('the ignore label', () => {
  it.each(Object.keys(ignoring))('%s is the loss of the other voxels, and has no gradient at those', (name) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const all = labels.map((_, i) => i);
      const run = (voxels: readonly number[], options: { readonly ignoreLabel?: number }) =>
        tf.valueAndGrad((z: tf.Tensor) => ignoring[name]!(z as tf.Tensor5D, labelsOf(voxels), options))(
          logitsOf(voxels),
        );
      const [masked, without] = [run(all, { ignoreLabel: 9 }), run(kept, {})];
      // Sums of at most 30 terms of order 1 in float32, in another order.
      expect(Math.abs(masked.value.dataSync()[0]! - without.value.dataSync()[0]!)).toBeLessThan(1e-6);
      const [gradient, expected] = [masked.grad.dataSync(), without.grad.dataSync()];
      labels.forEach((label, i) => {
        for (let c = 0; c < classes; c++) {
          const got = gradient[classes * i + c]!;
          if (label === 9) expect(Math.abs(got)).toBe(0);
          else expect(Math.abs(got - expected[classes * kept.indexOf(i) + c]!)).toBeLessThan(1e-6);
        }
      });
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('binaryDiceCrossEntropyLoss of one channel, by hand', () => {
    tf.tidy(() => {
      // Logits 0 and ln 3: probabilities 1/2 and 3/4. The third voxel, very wrong, does not count.
      const z = tf.tensor5d([0, Math.log(3), -50], [1, 1, 1, 3, 1]);
      const y = tf.tensor([0, 1, 255], [1, 1, 1, 3], 'int32');
      const entropy = (Math.log(2) + Math.log(4 / 3)) / 2;
      const dice = (2 * 0.75) / (1.25 + 1);
      const loss = losses.binaryDiceCrossEntropyLoss(z, y, { ignoreLabel: 255, smooth: 0 });
      expect(loss.dataSync()[0]).toBeCloseTo(entropy + 1 - dice, 6);
    });
  });

  it('is 0 for the cross-entropies, with a gradient of 0, where nothing counts', () => {
    tf.tidy(() => {
      const y = tf.fill([1, 1, 1, labels.length], 9, 'int32');
      for (const name of ['crossEntropy', 'binaryCrossEntropy', 'focal', 'focalSigmoid', 'generalizedCrossEntropy']) {
        const run = (z: tf.Tensor) => ignoring[name]!(z as tf.Tensor5D, y, { ignoreLabel: 9 });
        const { value, grad } = tf.valueAndGrad(run)(logitsOf(labels.map((_, i) => i)));
        expect(Math.abs(value.dataSync()[0]!)).toBe(0);
        expect(Array.from(grad.dataSync(), Math.abs).every((v) => v === 0)).toBe(true);
      }
    });
  });

  it('needs a label map', () => {
    tf.tidy(() => {
      const z = logitsOf(kept);
      for (const loss of Object.values(ignoring)) {
        expect(() => loss(z, tf.zeros(z.shape), { ignoreLabel: 9 })).toThrow(/ignoreLabel needs a label map/);
      }
    });
  });
});
