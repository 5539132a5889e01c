// Trains a small U-Net for ten steps and prints the loss of each as JSON: node losses-child.ts BACKEND OPTIMISER

import { type BackendName, startBackend } from '@seg/backend';
import { disposeState, fit, supervised } from '@seg/train';
import { unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { blobCases } from './blob-cases.ts';

const [backend, kind] = process.argv.slice(2) as [BackendName, 'sgd' | 'adam'];
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
  const { state } = await fit(
    supervised({
      network: unet3d({ inputChannels: 1, classes: 3, features: [4, 8] }),
      optimiser: kind === 'adam' ? { kind, learningRate: 0.01 } : { kind, learningRate: 0.05, momentum: 0.9 },
    }),
    {
      data: blobCases(4),
      budget: { steps: 10 },
      patchSize: [6, 8, 8],
      seed: 3,
      logEvery: 1,
      onLog: (record) => {
        if (record.kind === 'train') losses.push(record.metrics.loss!);
      },
    },
  );
  disposeState(state);
  await flush();
  Object.assign(left, { tensors: tf.memory().numTensors - tensors, bytes: used() - bytes });
}
process.stdout.write(JSON.stringify({ absent, losses, left }), () => process.exit(0));
