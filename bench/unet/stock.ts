// Child process of the U-Net benchmarks: tfjs's own backend, NAME wasm or cpu, one run, which takes long enough to need no
// warm-up; one JSON row. The convolution gradients of wasm are wrong: only their speed counts here.
// node --conditions=@seg/source bench/unet/stock.ts WORK NAME BATCH SIZE
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { Training } from './reference.ts';
import { medianMs, type UnetRow } from './rows.ts';

// tfjs-core has no gradients of its own in Node; the backend package brings the package that registers them.
createRequire(createRequire(import.meta.url).resolve('@seg/backend'))('@tensorflow/tfjs-layers');

const [work, name] = process.argv.slice(2, 4) as [UnetRow['work'], 'wasm' | 'cpu'];
const [batch, size] = process.argv.slice(4, 6).map(Number) as [number, number];
if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
else await import('@tensorflow/tfjs-backend-cpu');
await tf.setBackend(name);
const training = new Training(batch, size);
const ms = await medianMs(() => (work === 'unet-step' ? training.step() : training.forward()), 1, 0);
const row: UnetRow = { peer: `tfjs ${name} ${tf.version_core}`, work, threads: 1, batch, size, ms };
console.log(JSON.stringify(row));
