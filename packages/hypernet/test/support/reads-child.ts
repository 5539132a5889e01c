// Runs whatever of HyperSORT's curation reads tensors and prints the numbers as JSON: node reads-child.ts BACKEND

import { type BackendName, startBackend } from '@seg/backend';
import { disposeParams, Rng } from '@seg/core';
import { unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { blobCases } from '../../../train/test/support/blob-cases.ts';
import { hyperNetwork, outOfFoldDice, plainUnet, styleModel, trainBaseline, trainSentinel } from '../../src/index.ts';

let absent = '';
await startBackend({ name: process.argv[2] as BackendName }).catch((error: Error) => {
  absent = error.message;
});
const numbers: Record<string, readonly number[]> = {};
let tensors = 0;
if (absent === '') {
  const before = tf.memory().numTensors;
  const network = unet3d({ inputChannels: 1, classes: 3, features: [4, 8], deepSupervision: false });
  const cases = blobCases(4);
  const [first] = cases as [(typeof cases)[number]];
  const hyper = hyperNetwork(network, { hidden: [6] });
  const params = hyper.init(Rng.fromSeed(1));
  const z = tf.zeros([1, hyper.latentDim]) as tf.Tensor2D;
  numbers.saturation = [await hyper.saturation(params, z)];
  const model = styleModel(network, hyper, params);
  numbers.style = [...(await model.probabilities(first, [0.4, -0.2]))];
  model.dispose();
  disposeParams(params);
  z.dispose();
  const train = (some: typeof cases) => trainBaseline(plainUnet({ network, learningRate: 0.01 }), some, { steps: 2 });
  const baseline = await train(cases);
  numbers.baseline = [...(await baseline.probabilities(first))];
  baseline.dispose();
  const { errors } = await outOfFoldDice(cases, (some) => train([...some]), { folds: 2 });
  numbers.outOfFold = errors.map((error) => (error >= 0 && error <= 1 ? 1 : 0));
  const sentinel = await trainSentinel(cases, { steps: 2, features: 2 });
  numbers.quality = [await sentinel.quality(first, first.label!)];
  sentinel.dispose();
  tensors = tf.memory().numTensors - before;
}
process.stdout.write(JSON.stringify({ absent, numbers, tensors }), () => process.exit(0));
