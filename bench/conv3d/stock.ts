// Child process of bench/conv3d.ts: tfjs's own backend, NAME wasm or cpu, on shrunk shapes; one JSON row a line.
import * as tf from '@tensorflow/tfjs-core';
import { measureConv } from './measure.ts';
import { shapes, shrunk } from './shapes.ts';

const name = process.argv[2] as 'wasm' | 'cpu';
// Operations a shape may need: these backends reach about half a GFLOP/s.
const limit = 6e7;
if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
else await import('@tensorflow/tfjs-backend-cpu');
await tf.setBackend(name);
for (const shape of shapes) {
  console.log(JSON.stringify(measureConv(`tfjs ${name} ${tf.version_core}`, 1, shrunk(shape, limit), 1, 0)));
}
