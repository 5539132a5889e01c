// Child process of the U-Net benchmarks: our backend, one batch size; one JSON row.
// node --conditions=@seg/source bench/unet/ours.ts WORK BATCH SIZE THREADS REPEAT [--revectorize]
import { startBackend } from '@seg/backend';
import { Training } from './reference.ts';
import { medianMs, type UnetRow } from './rows.ts';

const work = process.argv[2] as UnetRow['work'];
const [batch, size, threads, repeat] = process.argv.slice(3, 7).map(Number) as [number, number, number, number];
const revectorize = process.argv.includes('--revectorize');
const backend = await startBackend({ name: 'wasm', threads, revectorize });
const training = new Training(batch, size);
const run = work === 'unet-step' ? () => training.step() : () => training.forward();
const ms = await medianMs(run, repeat, 3);
const rss_mb = process.resourceUsage().maxRSS / 1024;
const row: UnetRow = { peer: `seg wasm ${backend.variant}`, work, threads, batch, size, ms, rss_mb };
console.log(JSON.stringify(row));
