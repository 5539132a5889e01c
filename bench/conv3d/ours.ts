// Child process of bench/conv3d.ts: our backend with one number of threads; one JSON row a line.
// node --conditions=@seg/source bench/conv3d/ours.ts THREADS REPEAT [--revectorize]
import { startBackend } from '@seg/backend';
import { measureConv } from './measure.ts';
import { oddPairs, shapes } from './shapes.ts';

const [threads, repeat] = process.argv.slice(2, 4).map(Number) as [number, number];
const warmup = 3;
const revectorize = process.argv.includes('--revectorize');
const backend = await startBackend({ name: 'wasm', threads, revectorize });
for (const shape of [...shapes, ...oddPairs.flat()]) {
  // V8 compiles a kernel's fast code in the background of its first calls.
  measureConv('', threads, shape, 1, 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(JSON.stringify(measureConv(`seg wasm ${backend.variant}`, threads, shape, repeat, warmup)));
}
