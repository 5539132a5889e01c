// Curates a data set and prints what it found as JSON: node curate-child.ts BACKEND DATA OUT

import { type BackendName, startBackend } from '@seg/backend';
import * as tf from '@tensorflow/tfjs-core';
import { curateDataset } from '../../src/node/index.ts';

const [backend, data, out] = process.argv.slice(2) as [BackendName, string, string];
let absent = '';
await startBackend({ name: backend }).catch((error: Error) => {
  absent = error.message;
});
let latents: readonly (readonly number[])[] = [];
let tensors = 0;
if (absent === '') {
  const before = tf.memory().numTensors;
  const plan = {
    grid: { shape: [8, 8, 8], spacingMm: [20, 24, 20], centre: 'image' },
    baseFeatures: 2,
    levels: 1,
    epochs: 1,
  } as const;
  const { map } = await curateDataset({ data, out, plan, seed: 1, labels: [1] });
  latents = map.latents;
  tensors = tf.memory().numTensors - before;
}
process.stdout.write(JSON.stringify({ absent, latents, tensors }), () => process.exit(0));
