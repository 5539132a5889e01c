// Trains a small U-Net for ten steps and prints the loss of each as JSON: node losses-child.ts BACKEND METHOD

import { type BackendName, startBackend } from '@seg/backend';
import { disposeState, fit, type Method, supervised } from '@seg/train';
import { unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { blobCases } from '../../../train/test/support/blob-cases.ts';
import { hypersort, tLossUnet } from '../../src/index.ts';

const network = unet3d({ inputChannels: 1, classes: 3, features: [4, 8], deepSupervision: false });
const methods = {
  sgd: () => supervised({ network, optimiser: { kind: 'sgd', learningRate: 0.05, momentum: 0.9 } }),
  adam: () => supervised({ network, optimiser: { kind: 'adam', learningRate: 0.01 } }),
  hypersort: () => hypersort({ network, hyper: { hidden: [6] }, latentLearningRate: 0.05 }),
  't-loss': () => tLossUnet({ network, learningRate: 0.01, nuLearningRate: 0.1 }),
};

const [backend, name] = process.argv.slice(2) as [BackendName, keyof typeof methods];
/** Has the GPU's queue submitted, until which webgpu keeps the buffers of what is disposed. */
async function flush(): Promise<void> {
  const sum = tf.tidy(() => tf.sum(tf.range(0, 5000)));
  await sum.data();
  sum.dispose();
}

let absent = '';
await startBackend({ name: backend }).catch((error: Error) => {
  absent = error.message;
});
const losses: number[] = [];
const left = { tensors: 0, bytes: 0 };
if (absent === '') {
  const used = () => (tf.memory() as unknown as { numBytesInGPU?: number }).numBytesInGPU ?? 0;
  await flush();
  const [tensors, bytes] = [tf.memory().numTensors, used()];
  const { state } = await fit(methods[name]() as unknown as Method, {
    data: blobCases(4),
    budget: { steps: 10 },
    patchSize: [6, 8, 8],
    seed: 3,
    logEvery: 1,
    onLog: (record) => {
      if (record.kind === 'train') losses.push(record.metrics.loss!);
    },
  });
  disposeState(state);
  await flush();
  Object.assign(left, { tensors: tf.memory().numTensors - tensors, bytes: used() - bytes });
}
process.stdout.write(JSON.stringify({ absent, losses, left }), () => process.exit(0));
