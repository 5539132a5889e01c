// Child process of the U-Net benchmarks: tfjs's own wasm backend on a cube of 16^3; JSON rows. Its convolution
// gradients are wrong (only their speed counts here) and it needs minutes for one step at 64^3.
import { createRequire } from 'node:module';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { Training } from './reference.ts';
import type { UnetRow } from './rows.ts';

// tfjs-core has no gradients of its own in Node; the backend package brings the package that registers them.
createRequire(createRequire(import.meta.url).resolve('@seg/backend'))('@tensorflow/tfjs-layers');

const work = process.argv[2] as UnetRow['work'];
const size = 16;
await tf.setBackend('wasm');
const training = new Training(1, size);
const run = () => (work === 'unet-step' ? training.step() : training.forward());
run();
const start = performance.now();
run();
const ms = performance.now() - start;
const row: UnetRow = { peer: `tfjs wasm ${tf.version_core}`, work, threads: 1, batch: 1, size, ms };
console.log(JSON.stringify(row));
