import * as losses from '@seg/losses';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

const bounded = {
  softDice: (z: tf.Tensor5D, y: tf.Tensor) => losses.softDiceLoss(z, y),
  generalizedDice: (z: tf.Tensor5D, y: tf.Tensor) => losses.generalizedDiceLoss(z, y),
  tversky: (z: tf.Tensor5D, y: tf.Tensor) => losses.tverskyLoss(z, y, { alpha: 0.2, beta: 0.8 }),
};
const all = {
  ...bounded,
  crossEntropy: (z: tf.Tensor5D, y: tf.Tensor) => losses.crossEntropyLoss(z, y),
  diceCrossEntropy: (z: tf.Tensor5D, y: tf.Tensor) => losses.diceCrossEntropyLoss(z, y),
  focal: (z: tf.Tensor5D, y: tf.Tensor) => losses.focalLoss(z, y),
  generalizedCrossEntropy: (z: tf.Tensor5D, y: tf.Tensor) => losses.generalizedCrossEntropyLoss(z, y),
};

/** Logits that give nearly all probability to these labels. */
function certain(labels: readonly number[], classes: number, shape: readonly number[], height: number): tf.Tensor5D {
  const values = labels.flatMap((l) => Array.from({ length: classes }, (_, c) => (c === l ? height : -height)));
  return tf.tensor5d(values, [...shape, classes] as tf.Tensor5D['shape']);
}

describeBackends('losses', () => {
  it('are about 0 for a certain right prediction, larger for a wrong one, whatever the labels', () => {
    const arbitrary = fc.record({
      labels: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 12 }),
      wrongAt: fc.integer({ min: 0, max: 11 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ labels, wrongAt }) => {
        tf.tidy(() => {
          const shape = [1, 2, 2, 3];
          const target = tf.tensor(labels, shape, 'int32');
          const wrong = labels.map((l, i) => (i === wrongAt ? (l + 1) % 3 : l));
          for (const loss of Object.values(all)) {
            const right = loss(certain(labels, 3, shape, 20), target).dataSync()[0]!;
            expect(Math.abs(right)).toBeLessThan(1e-5); // exp(-40) and float32 rounding
            const changed = loss(certain(wrong, 3, shape, 20), target).dataSync()[0]!;
            expect(changed).toBeGreaterThan(right + 1e-3);
          }
        });
      }),
      { numRuns: 15, seed: 3 },
    );
  });

  it('stay finite, with finite gradients, for extreme logits', () => {
    tf.tidy(() => {
      const target = tf.tensor([0, 1, 2, 0], [1, 1, 2, 2], 'int32');
      const z = tf.tensor([1e4, -1e4, 0, 1e4, 0, -1e4, 0, 0, 0, -80, 80, 0], [1, 1, 2, 2, 3]);
      for (const loss of Object.values(all)) {
        const { value, grad } = tf.valueAndGrad((z: tf.Tensor) => loss(z as tf.Tensor5D, target))(z);
        expect(Number.isFinite(value.dataSync()[0])).toBe(true);
        expect(Array.from(grad.dataSync()).every(Number.isFinite)).toBe(true);
      }
      for (const loss of Object.values(bounded))
        expect(loss(z as tf.Tensor5D, target).dataSync()[0]).toBeLessThanOrEqual(1);
    });
  });

  it('ignore what carries the ignore label, entirely', () => {
    tf.tidy(() => {
      const target = tf.tensor([0, 1, 9, 1], [1, 1, 2, 2], 'int32');
      const z = (hidden: number) => tf.tensor([1, 0, 0, 2, hidden, -hidden, 1, 1], [1, 1, 2, 2, 2]) as tf.Tensor5D;
      const options = { ignoreLabel: 9 };
      const runs = [
        (z: tf.Tensor5D) => losses.crossEntropyLoss(z, target, options),
        (z: tf.Tensor5D) => losses.softDiceLoss(z, target, options),
        (z: tf.Tensor5D) => losses.diceCrossEntropyLoss(z, target, options),
        (z: tf.Tensor5D) => losses.focalLoss(z, target, options),
        (z: tf.Tensor5D) => losses.focalLoss(z, target, { ...options, activation: 'sigmoid' }),
        (z: tf.Tensor5D) => losses.generalizedDiceLoss(z, target, options),
        (z: tf.Tensor5D) => losses.tverskyLoss(z, target, options),
        (z: tf.Tensor5D) => losses.generalizedCrossEntropyLoss(z, target, options),
      ];
      for (const run of runs) expect(run(z(5)).dataSync()[0]).toBe(run(z(-3)).dataSync()[0]);
    });
  });

  it('take a 0/1 label map for a single channel', () => {
    tf.tidy(() => {
      const labels = tf.tensor([0, 1, 1, 0], [1, 1, 2, 2], 'int32');
      const z = tf.tensor([-1, 2, 0.5, 0.25], [1, 1, 2, 2, 1]) as tf.Tensor5D;
      const probabilities = tf.expandDims(tf.cast(labels, 'float32'), 4);
      for (const loss of [losses.binaryCrossEntropyLoss, losses.binaryDiceLoss, losses.binaryDiceCrossEntropyLoss]) {
        expect(loss(z, labels).dataSync()[0]).toBe(loss(z, probabilities).dataSync()[0]);
      }
      const p = [-1, 2, 0.5, 0.25].map((v) => 1 / (1 + Math.exp(-v)));
      const dice = (2 * (p[1]! + p[2]!)) / (p.reduce((a, b) => a + b) + 2);
      expect(losses.binaryDiceLoss(z, labels, { smooth: 0 }).dataSync()[0]).toBeCloseTo(1 - dice, 5);
    });
  });

  it('refuse what does not fit', () => {
    tf.tidy(() => {
      const z = tf.zeros([1, 2, 2, 2, 3]) as tf.Tensor5D;
      const y = tf.zeros([1, 2, 2, 2], 'int32');
      for (const loss of Object.values(all)) {
        expect(() => loss(z, tf.zeros([1, 2, 2, 3], 'int32'))).toThrow(/differ in shape/);
        expect(() => loss(tf.zeros([2, 3]) as never, y)).toThrow();
      }
      expect(() => losses.crossEntropyLoss(z, y, { classWeights: [1, 2] })).toThrow(/classWeights/);
      expect(() => losses.crossEntropyLoss(z, y, { weightMap: tf.zeros([2]) })).toThrow(/weightMap/);
      expect(() => losses.crossEntropyLoss(z, tf.zeros(z.shape), { ignoreLabel: 1 })).toThrow(/ignoreLabel/);
      expect(() => losses.diceCrossEntropyLoss(z, tf.zeros(z.shape), { ignoreLabel: 1 })).toThrow(/ignoreLabel/);
      expect(() => losses.softDiceLoss(z, y, { activation: 'softmx' as never })).toThrow(/Did you mean "softmax"/);
      expect(() => losses.softDiceLoss(tf.zeros([1, 2, 2, 2, 1]) as tf.Tensor5D, y)).toThrow(/leave no class/);
      expect(() => losses.softDiceLoss(z, y, { smooth: -1 })).toThrow(/smooth/);
      expect(() => losses.focalLoss(z, y, { gamma: -1 })).toThrow(/gamma/);
      expect(() => losses.generalizedCrossEntropyLoss(z, y, { q: 0 })).toThrow(/crossEntropyLoss/);
      expect(() => losses.tLoss(z, y, { nu: 0 })).toThrow(/nu/);
      expect(() => losses.tverskyLoss(z, y, { alpha: -1 })).toThrow(/alpha/);
      expect(() => losses.binaryCrossEntropyLoss(z, y, { positiveWeights: [1] })).toThrow(/positiveWeights/);
    });
  });
});
