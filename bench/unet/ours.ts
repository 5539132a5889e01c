// Child process of the U-Net benchmarks: our backend, one batch size; JSON rows.
// node --conditions=@seg/source bench/unet/ours.ts WORK BATCH THREADS REPEAT [--revectorize]
import { startBackend } from '@seg/backend';
import { Training } from './reference.ts';
import { medianMs, type UnetRow } from './rows.ts';

const [work, batch, threads, repeat] = process.argv.slice(2, 6) as [UnetRow['work'], string, string, string];
const size = 64;
const revectorize = process.argv.includes('--revectorize');
const backend = await startBackend({ name: 'wasm', threads: Number(threads), revectorize });
const training = new Training(Number(batch), size);
const run = work === 'unet-step' ? () => training.step() : () => training.forward();
const ms = await medianMs(run, Number(repeat), 3);
const row: UnetRow = {
  peer: `seg wasm ${backend.variant}`,
  work,
  threads: Number(threads),
  batch: Number(batch),
  size,
  ms,
  rss_mb: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(row));
