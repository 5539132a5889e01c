// Trains in a process of its own, so that a test can kill it: node train-child.ts BACKEND FOLDER STEPS RESUME WORKERS

import { lightAugmentation } from '@seg/augment';
import { startBackend } from '@seg/backend';
import { fit } from '@seg/train';
import { checkpointFiles, workerLoader } from '@seg/train/node';
import { blobCases } from './blob-cases.ts';
import { richMethod } from './rich-method.ts';

const [backend, folder, steps, resume, workers] = process.argv.slice(2) as [
  'cpu' | 'wasm',
  string,
  string,
  string,
  string,
];
await startBackend({ name: backend });
const cases = blobCases(6);
const data = cases.slice(0, 5);
await fit(richMethod, {
  data,
  validation: cases.slice(5),
  budget: { steps: Number(steps) },
  patchSize: [6, 8, 8],
  seed: 11,
  ema: 0.9,
  validateEvery: 4,
  checkpointEvery: 3,
  store: checkpointFiles(folder),
  resume: resume === 'resume',
  loader: workerLoader(data, { augmentation: lightAugmentation, workers: Number(workers) }),
  onProgress: ({ step }) => process.stdout.write(`step ${step}\n`),
});
process.exit(0);
