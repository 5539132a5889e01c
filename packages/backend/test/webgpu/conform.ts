// Child process of webgpu.test.ts: the conformance suite and a wrong shader on webgpu; prints JSON.
import { maxPool3d } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { conforms, runConformance, startBackend } from '../../src/index.ts';

let absent = '';
const backend = await startBackend({ name: 'webgpu' }).catch((error: Error) => {
  absent = error.message;
});
if (!backend) {
  process.stdout.write(JSON.stringify({ absent }), () => process.exit(0));
} else {
  const before = tf.memory().numTensors;
  const results = await runConformance();
  const left = tf.memory().numTensors - before;
  // tfjs's mirrored padding does not compile for five axes.
  const padded = tf.mirrorPad(
    tf.ones([1, 3, 3, 3, 1]),
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
    'reflect',
  );
  const thrown = await padded.data().then(
    () => '',
    (error: Error) => error.message,
  );
  let readSync = '';
  try {
    maxPool3d(tf.ones([1, 2, 2, 2, 1])).dataSync();
  } catch (error) {
    readSync = (error as Error).message;
  }
  const after = await tf.ones([2]).data();
  const wrong = results.filter((result) => !conforms(result));
  const { description } = backend;
  const found = { absent, description, count: results.length, wrong, left, thrown, after: [...after], readSync };
  process.stdout.write(JSON.stringify(found), () => process.exit(0));
}
