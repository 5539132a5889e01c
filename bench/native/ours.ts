// Child process of the benchmark of native backends: the reference U-Net on one backend; JSON rows.
// node --conditions=@seg/source bench/native/ours.ts BACKEND THREADS REPEAT BATCH
import { type BackendName, startBackend } from '@seg/backend';
import { Training } from '../unet/reference.ts';
import { medianMs, type UnetRow } from '../unet/rows.ts';

const name = process.argv[2] as BackendName;
const [threads, repeat, batch] = process.argv.slice(3, 6).map(Number) as [number, number, number];
const backend = await startBackend({ name, threads, allowCpuFallback: true });
const peer = name === 'wasm' ? `seg wasm ${backend.variant}` : `seg ${name}`;
const training = new Training(batch, 64);
const print = (work: UnetRow['work'], ms: number) => {
  const rss_mb = process.resourceUsage().maxRSS / 1024;
  const row: UnetRow = { peer, work, batch, size: 64, threads, ms, rss_mb };
  console.log(JSON.stringify(row));
};
print('unet-forward', await medianMs(() => training.forward(), repeat, 2));
print('unet-step', await medianMs(() => training.step(), repeat, 2));
training.dispose();
