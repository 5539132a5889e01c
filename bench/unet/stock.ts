// Child process of the U-Net benchmarks: tfjs's own wasm backend, one run in batch 1, which takes long enough to need no
// warm-up; one JSON row. Its convolution gradients are wrong: only their speed counts here.
// node --conditions=@seg/source bench/unet/stock.ts WORK SIZE
import { createRequire } from 'node:module';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { Training } from './reference.ts';
import { medianMs, type UnetRow } from './rows.ts';

// tfjs-core has no gradients of its own in Node; the backend package brings the package that registers them.
createRequire(createRequire(import.meta.url).resolve('@seg/backend'))('@tensorflow/tfjs-layers');

const work = process.argv[2] as UnetRow['work'];
const size = Number(process.argv[3]);
await tf.setBackend('wasm');
const training = new Training(1, size);
const ms = await medianMs(() => (work === 'unet-step' ? training.step() : training.forward()), 1, 0);
const row: UnetRow = { peer: `tfjs wasm ${tf.version_core}`, work, threads: 1, batch: 1, size, ms };
console.log(JSON.stringify(row));
