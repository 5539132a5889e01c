import * as losses from '@seg/losses';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

type Loss = (z: tf.Tensor5D, y: tf.Tensor) => tf.Scalar;

/** Every loss of a soft target: a teacher's output, say, through which gradients may flow as well. */
const soft: Readonly<Record<string, Loss>> = {
  crossEntropy: losses.crossEntropyLoss,
  softDice: losses.softDiceLoss,
  softDiceSquared: (z, y) => losses.softDiceLoss(z, y, { squared: true }),
  diceCrossEntropy: losses.diceCrossEntropyLoss,
  binaryCrossEntropy: losses.binaryCrossEntropyLoss,
  binaryDiceCrossEntropy: losses.binaryDiceCrossEntropyLoss,
  focal: losses.focalLoss,
  focalSigmoid: (z, y) => losses.focalLoss(z, y, { activation: 'sigmoid' }),
  generalizedDice: losses.generalizedDiceLoss,
  generalizedDiceSimple: (z, y) => losses.generalizedDiceLoss(z, y, { weight: 'simple' }),
  generalizedDiceUniform: (z, y) => losses.generalizedDiceLoss(z, y, { weight: 'uniform' }),
  tversky: losses.tverskyLoss,
  generalizedCrossEntropy: losses.generalizedCrossEntropyLoss,
  tLoss: (z, y) => losses.tLoss(z, y, { nu: 3 }),
  learnableTLoss: (z, y) => losses.learnableTLoss(z, y, { lnNu: tf.scalar(1) }),
  deepSupervision: (z, y) => losses.deepSupervisionLoss([z], y, losses.diceCrossEntropyLoss),
};

/** Central differences of float32 losses of order 1, with steps of 1e-2. */
const TOLERANCE = 5e-4;

describeBackends('gradients by logits and by a soft target', () => {
  it.each(Object.keys(soft))('%s: both are those of finite differences', (name) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const z = tf.randomNormal([2, 2, 2, 3, 3], 0, 1, 'float32', 1) as tf.Tensor5D;
      const y = tf.softmax(tf.randomNormal(z.shape, 0, 1, 'float32', 2));
      const loss = (z: tf.Tensor, y: tf.Tensor) => soft[name]!(z as tf.Tensor5D, y);
      const { grads } = tf.valueAndGrads(loss)([z, y]);
      const direction = tf.randomUniform(z.shape, -1, 1, 'float32', 3);
      const move = (x: tf.Tensor, by: number) => tf.add(x, tf.mul(direction, by));
      const slope = (f: (by: number) => tf.Scalar) => (f(0.01).dataSync()[0]! - f(-0.01).dataSync()[0]!) / 0.02;
      const along = (gradient: tf.Tensor) => tf.sum(tf.mul(gradient, direction)).dataSync()[0]!;
      const [byLogits, byTarget] = [slope((h) => loss(move(z, h), y)), slope((h) => loss(z, move(y, h)))];
      expect(Math.abs(along(grads[0]!) - byLogits)).toBeLessThan(TOLERANCE);
      expect(Math.abs(along(grads[1]!) - byTarget)).toBeLessThan(TOLERANCE);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('generalizedDiceLoss has finite ones where a class is absent', () => {
    tf.tidy(() => {
      const z = tf.randomNormal([1, 1, 2, 2, 3], 0, 1, 'float32', 1);
      const y = tf.tensor([1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0], z.shape);
      const { grads } = tf.valueAndGrads((z: tf.Tensor, y: tf.Tensor) =>
        losses.generalizedDiceLoss(z as tf.Tensor5D, y),
      )([z, y]);
      for (const gradient of grads) expect(Array.from(gradient.dataSync()).every(Number.isFinite)).toBe(true);
    });
  });
});
