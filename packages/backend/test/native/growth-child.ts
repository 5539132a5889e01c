// Trains a small network for 600 steps and prints the process's own memory at 200, 400 and 600 as JSON, in MiB, with
// what JavaScript holds: node --expose-gc --max-semi-space-size=2 growth-child.ts BACKEND
import { readFileSync } from 'node:fs';
import { applySgd, concatChannels, conv3d, conv3dTranspose, diceCrossEntropy, instanceNorm, maxPool3d } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, startBackend } from '../../src/index.ts';

await startBackend({ name: process.argv[2] as BackendName, threads: 2, allowCpuFallback: true });
const size = 16;
const shapes = [[3, 3, 3, 1, 16], [16], [16], [16], [3, 3, 3, 16, 32], [2, 2, 2, 16, 32], [1, 1, 1, 32, 3], [3]];
let states = shapes.map((shape, i) => ({
  param: tf.randomNormal(shape, 0, 0.1, 'float32', i) as tf.Tensor,
  velocity: tf.zeros(shape) as tf.Tensor,
}));
const x = tf.randomNormal([2, size, size, size, 1], 0, 1, 'float32', 9) as tf.Tensor5D;
const labels = tf.tidy(() => tf.cast(tf.greater(tf.reshape(x, [2, size, size, size]), 0), 'int32'));

function step(): void {
  const { value, grads } = tf.valueAndGrads((k0, b0, scale, offset, k1, up, head, bias) => {
    const a = instanceNorm(conv3d(x, k0!, { bias: b0! }), scale!, offset!, { negativeSlope: 0.01 });
    const low = conv3d(maxPool3d(a), k1!);
    const joined = concatChannels([conv3dTranspose(low, up!, { strides: 2 }), a]);
    return diceCrossEntropy(conv3d(joined, head!, { bias: bias! }), labels);
  })(states.map(({ param }) => param));
  states = grads.map((grad, i) => applySgd(states[i]!, grad, { learningRate: 0.01, momentum: 0.9 }));
  value.dataSync();
  tf.dispose([value, grads]);
}

const collect = (globalThis as unknown as { gc(): void }).gc;
const toMiB = 2 ** -20;
const found: object[] = [];
for (let i = 1; i <= 600; i++) {
  step();
  // The binding gives tensors back when the collector finds their handles, which it does between turns of the loop.
  if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  if (i % 200 !== 0) continue;
  collect();
  const kB = /RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1];
  const { numTensors, numBytes } = tf.memory();
  found.push({ own: Number(kB) / 1024, heap: process.memoryUsage().heapUsed * toMiB, numTensors, numBytes });
}
process.stdout.write(JSON.stringify(found), () => process.exit(0));
