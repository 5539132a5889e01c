import { Rng } from '@seg/core';
import { diceCrossEntropy } from '@seg/ops';
import { unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { lossGradients } from '../method/loss-gradients.ts';
import { forwardGflop } from '../plan/network-topology.ts';

const EDGE = 32;
const FEATURES = [16, 32];
/** The first pass compiles and allocates. */
const PASSES = 3;

/**
 * GFLOP a second (a forward pass counts three times, for its backward pass) at which the running backend trains a small
 * U-Net now: the fastest of two passes after a warm-up. Takes about a second on two CPU cores.
 */
export async function measureTrainingSpeed(clock: () => number = () => performance.now()): Promise<number> {
  const network = unet3d({ classes: 2, features: FEATURES });
  const params = network.init(Rng.fromSeed(0));
  const [image, label] = tf.tidy(() => [
    tf.keep(tf.ones([1, EDGE, EDGE, EDGE, 1]) as tf.Tensor5D),
    tf.keep(tf.zeros([1, EDGE, EDGE, EDGE], 'int32')),
  ]);
  let fastest = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const begin = clock();
    const checksum = tf.tidy(() => {
      const { gradients } = lossGradients({ network: params }, () =>
        diceCrossEntropy(network.apply(params, image as tf.Tensor5D, { statistics: 'batch' }), label as tf.Tensor),
      );
      return tf.addN(Object.values(gradients.network!).map((g) => tf.sum(g)));
    });
    await checksum.data(); // waits for backends that compute in the background
    checksum.dispose();
    const elapsed = clock() - begin;
    if (pass > 0) fastest = Math.min(fastest, elapsed);
  }
  tf.dispose([image, label, params] as unknown as tf.TensorContainer);
  const strides = [[1, 1, 1] as const, [2, 2, 2] as const];
  const kernels = [[3, 3, 3] as const, [3, 3, 3] as const];
  return (3 * forwardGflop({ patchSize: [EDGE, EDGE, EDGE], kernels, strides }, FEATURES, 1)) / (fastest / 1000);
}
