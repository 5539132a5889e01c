import { type DiceCrossEntropyOptions, diceCrossEntropy } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkOp, randomValues, type Values } from '../support/gradients.ts';

/** The loss by its definition, voxel by voxel. */
function lossReference(logits: Values, labels: readonly number[], options: DiceCrossEntropyOptions): Values {
  const {
    crossEntropyWeight = 1,
    diceWeight = 1,
    smooth = 1e-5,
    includeBackground = false,
    batchDice = false,
  } = options;
  const [N, , , , C] = logits.shape as [number, number, number, number, number];
  const voxels = labels.length;
  let crossEntropy = 0;
  let counted = 0;
  const sets = batchDice ? 1 : N;
  const [overlap, total] = [new Float64Array(sets * C), new Float64Array(sets * C)];
  for (let v = 0; v < voxels; v++) {
    const label = labels[v]!;
    if (label === options.ignoreLabel) continue;
    const row = Array.from(logits.data.subarray(v * C, v * C + C));
    const norm = row.reduce((s, z) => s + Math.exp(z), 0);
    counted++;
    if (label >= 0 && label < C) crossEntropy -= Math.log(Math.exp(row[label]!) / norm);
    const set = batchDice ? 0 : Math.floor(v / (voxels / N));
    row.forEach((z, c) => {
      const p = Math.exp(z) / norm;
      overlap[set * C + c]! += c === label ? p : 0;
      total[set * C + c]! += p + (c === label ? 1 : 0);
    });
  }
  const dice = Array.from(overlap, (o, i) => (2 * o + smooth) / (total[i]! + smooth)).filter(
    (_, i) => includeBackground || i % C > 0,
  );
  const mean = dice.reduce((a, b) => a + b, 0) / dice.length;
  const loss = (crossEntropyWeight * crossEntropy) / Math.max(counted, 1) + diceWeight * (1 - mean);
  return { shape: [], data: Float64Array.of(loss) };
}

const shape = [2, 3, 2, 5];
const labels = Array.from({ length: 60 }, (_, i) => (i * 7 + Math.floor(i / 5)) % 3);

describeBackends('diceCrossEntropy', () => {
  it.each([
    {},
    { includeBackground: true },
    { batchDice: true, smooth: 1 },
    { ignoreLabel: 2 },
    { crossEntropyWeight: 0.3, diceWeight: 2, batchDice: true, includeBackground: true, ignoreLabel: 0 },
    { diceWeight: 0 },
  ] satisfies DiceCrossEntropyOptions[])('%o: value and gradient match float64 loops', (options) => {
    checkOp({
      inputs: [randomValues([...shape, 3], 1)],
      op: (logits) =>
        tf.tidy(() => diceCrossEntropy(logits as tf.Tensor5D, tf.tensor(labels, shape, 'int32'), options)),
      reference: (logits) => lossReference(logits!, labels, options),
    });
  });

  it.each([{}, { ignoreLabel: 0 }, { batchDice: true, includeBackground: true }])(
    '%o: a voxel whose label is no class has no cross-entropy, and a gradient that says so',
    (options) => {
      // Every fourth label in turn above and below the three classes.
      const beyond = labels.map((label, i) => (i % 8 === 0 ? 3 : i % 8 === 4 ? -1 : label));
      checkOp({
        inputs: [randomValues([...shape, 3], 2)],
        op: (logits) =>
          tf.tidy(() => diceCrossEntropy(logits as tf.Tensor5D, tf.tensor(beyond, shape, 'int32'), options)),
        reference: (logits) => lossReference(logits!, beyond, options),
      });
    },
  );

  it('stays finite for extreme logits and for voxels that are all ignored', () => {
    tf.tidy(() => {
      const target = tf.zeros([1, 1, 2, 2], 'int32');
      const logits = tf.tensor([1e4, -1e4, -1e4, 1e4, 0, 0, 50, -50], [1, 1, 2, 2, 2]) as tf.Tensor5D;
      for (const options of [{}, { ignoreLabel: 0 }]) {
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => diceCrossEntropy(x as tf.Tensor5D, target, options))(
          logits,
        );
        expect(Number.isFinite(value.dataSync()[0])).toBe(true);
        expect(grad.dataSync().every(Number.isFinite)).toBe(true);
      }
    });
  });

  it('refuses what does not fit', () => {
    tf.tidy(() => {
      const logits = tf.zeros([1, 2, 2, 2, 3]) as tf.Tensor5D;
      expect(() => diceCrossEntropy(logits, tf.zeros([1, 2, 2], 'int32'))).toThrow(/shape of the logits/);
      expect(() => diceCrossEntropy(tf.zeros([1, 2, 2, 2, 1]) as tf.Tensor5D, tf.zeros([1, 2, 2, 2], 'int32'))).toThrow(
        /two classes/,
      );
      expect(() => diceCrossEntropy(logits, tf.zeros([1, 2, 2, 2], 'int32'), { smooth: -1 })).toThrow(/smooth/);
    });
  });
});
