import { disposeParams, type ParamSpecs, Rng } from '@seg/core';
import { concatChannels, createParams, globalNorm, oneHot } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import { checkOp, randomValues } from './support/gradients.ts';

describeBackends('tensor helpers', () => {
  it('concatChannels joins in order, and its gradients split', () => {
    checkOp({
      inputs: [randomValues([2, 2, 1, 3, 2], 1), randomValues([2, 2, 1, 3, 1], 2)],
      op: (a, b) => concatChannels([a as tf.Tensor5D, b as tf.Tensor5D]),
      reference: (a, b) => ({
        shape: [2, 2, 1, 3, 3],
        data: Float64Array.from({ length: 36 }, (_, i) =>
          i % 3 < 2 ? a!.data[2 * Math.floor(i / 3) + (i % 3)]! : b!.data[Math.floor(i / 3)]!,
        ),
      }),
    });
    tf.tidy(() => {
      const x = tf.zeros([1, 2, 2, 2, 1]) as tf.Tensor5D;
      expect(() => concatChannels([x, tf.zeros([1, 2, 2, 3, 1]) as tf.Tensor5D])).toThrow(/agree in batch and size/);
      expect(() => concatChannels([])).toThrow(/agree/);
    });
  });

  it('oneHot gives zeros for labels outside the classes', () => {
    tf.tidy(() => {
      const y = oneHot(tf.tensor([0, 2, 255, -1], [1, 1, 2, 2], 'int32'), 3);
      expect(y.shape).toEqual([1, 1, 2, 2, 3]);
      expect(Array.from(y.dataSync())).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
      expect(() => oneHot(tf.zeros([2, 2], 'int32'), 3)).toThrow(/labels/);
      expect(() => oneHot(tf.zeros([1, 1, 1, 1], 'int32'), 0)).toThrow(/classes/);
    });
  });

  it('globalNorm is the norm of everything together', () => {
    tf.tidy(() => {
      expect(globalNorm([tf.tensor1d([3]), tf.tensor2d([[0, 4], [12, 0]])]).dataSync()[0]).toBeCloseTo(13, 5); // biome-ignore format: short
      expect(globalNorm([]).dataSync()[0]).toBe(0);
      expect(globalNorm([tf.tensor1d([1, Number.NaN])]).dataSync()[0]).toBeNaN();
    });
  });

  it('createParams starts every parameter from its own stream', () => {
    const before = tf.memory().numTensors;
    const kernel = { shape: [3, 3, 3, 4, 8], role: 'kernel', init: { kind: 'kaimingNormal' } } as const;
    const specs: ParamSpecs = {
      a: kernel,
      b: kernel,
      c: { shape: [8], role: 'scale', init: { kind: 'constant', value: 1 } },
    };
    const rng = Rng.fromSeed(3);
    const params = createParams(specs, rng);
    const alone = createParams({ b: kernel }, rng);
    expect(Array.from(alone.b!.dataSync())).toEqual(Array.from(params.b!.dataSync()));
    expect(Array.from(params.a!.dataSync())).not.toEqual(Array.from(params.b!.dataSync()));
    expect(Array.from(params.c!.dataSync())).toEqual(Array(8).fill(1));
    const variance = Array.from(params.a!.dataSync()).reduce((s, v) => s + v * v, 0) / 864;
    expect(variance / (2 / 108)).toBeGreaterThan(0.8); // 864 draws: the variance is known to 5 %
    expect(variance / (2 / 108)).toBeLessThan(1.2);
    disposeParams(params);
    disposeParams(alone);
    expect(tf.memory().numTensors).toBe(before);
  });
});
