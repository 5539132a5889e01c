// Child process of the benchmark of native backends: one backend, one kind of work; JSON rows.
// node --conditions=@seg/source bench/native/ours.ts BACKEND THREADS REPEAT unet|layers BATCH
import { type BackendName, startBackend } from '@seg/backend';
import { instanceNorm, maxPool3d } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { Training } from '../unet/reference.ts';
import { medianMs } from '../unet/rows.ts';

const [name, threads, repeat, kind, batch] = process.argv.slice(2) as [BackendName, string, string, string, string];
await startBackend({ name, threads: Number(threads), allowCpuFallback: true });
const peer = `seg ${name}`;
const print = (work: string, ms: number) => {
  const rss = process.resourceUsage().maxRSS / 1024;
  console.log(
    JSON.stringify({ peer, work, batch: Number(batch), size: 64, threads: Number(threads), ms, rss_mb: rss }),
  );
};

if (kind === 'unet') {
  const training = new Training(Number(batch), 64);
  print('unet-forward', await medianMs(() => training.forward(), Number(repeat), 2));
  print('unet-step', await medianMs(() => training.step(), Number(repeat), 2));
  training.dispose();
} else {
  const x = tf.randomNormal([Number(batch), 64, 64, 64, 32], 0, 1, 'float32', 1) as tf.Tensor5D;
  const [scale, offset] = [tf.ones([32]), tf.zeros([32])];
  const norm = (t: tf.Tensor) => instanceNorm(t as tf.Tensor5D, scale, offset, { negativeSlope: 0.01 });
  const pool = (t: tf.Tensor) => maxPool3d(t as tf.Tensor5D, { size: 2 });
  for (const [work, op] of [
    ['norm + leaky ReLU', norm],
    ['max-pool', pool],
  ] as const) {
    const y = op(x);
    const dy = tf.onesLike(y);
    y.dispose();
    const gradient = tf.grad(op);
    print(work, await medianMs(() => gradient(x, dy).dispose(), Number(repeat), 2));
    dy.dispose();
  }
  tf.dispose([x, scale, offset]);
}
