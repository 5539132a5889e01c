import { disposeParams, Rng } from '@seg/core';
import { createParams, randomNormal } from '@seg/ops';
import { captureStatistics, lossGradients } from '@seg/train';
import { unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';

describeBackends('captureStatistics', () => {
  it('keeps the running statistics of the last pass beyond the tape, by hand-computed mixing', () => {
    const network = unet3d({ classes: 2, features: [2], convsPerStage: 1, norm: 'batch' });
    const params = network.init(Rng.fromSeed(1));
    const buffers = createParams(network.bufferSpecs, Rng.fromSeed(1));
    const x = randomNormal([2, 3, 4, 5, 1], Rng.fromSeed(2)) as tf.Tensor5D;
    const before = tf.memory().numTensors;
    const statistics = captureStatistics(buffers);
    const update = tf.tidy(() => {
      const { gradients } = lossGradients({ network: params }, () => {
        network.apply(params, tf.mul(x, 3), statistics.context);
        return tf.mean(tf.square(network.apply(params, x, statistics.context)));
      });
      return gradients.network! as unknown as tf.TensorContainerObject;
    });
    expect(Object.keys(statistics.updated).sort()).toEqual(Object.keys(network.bufferSpecs).sort());
    const [mean, expected] = tf.tidy(() => {
      const conv = tf.conv3d(x, params['encoder.0.conv1.kernel'] as tf.Tensor5D, [1, 1, 1], 'same');
      const ofBatch = tf.mean(tf.add(conv, params['encoder.0.conv1.bias']!), [0, 1, 2, 3]);
      return [statistics.updated['encoder.0.norm1.mean']!.dataSync(), tf.mul(ofBatch, 0.1).dataSync()];
    });
    expected.forEach((value, i) => {
      expect(mean[i]).toBeCloseTo(value, 5);
    });
    tf.dispose([update]);
    disposeParams(statistics.updated);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, params, buffers] as unknown as tf.TensorContainer);
  });

  it('is empty for networks without running statistics', () => {
    const network = unet3d({ classes: 2, features: [2] });
    tf.tidy(() => {
      const statistics = captureStatistics({});
      network.apply(network.init(Rng.fromSeed(1)), tf.zeros([1, 2, 2, 2, 1]), statistics.context);
      expect(statistics.updated).toEqual({});
    });
  });
});
