// Child process of bench/layers.ts and bench/native.ts: the fused layers, forward and backward; one JSON row a line.
// node --conditions=@seg/source bench/layers/ours.ts BACKEND THREADS REPEAT BATCH [--revectorize]
import { type BackendName, startBackend } from '@seg/backend';
import { diceCrossEntropy, instanceNorm, maxPool3d, resizeTrilinear } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';

/** Milliseconds of one layer; `shape` is the input's, [N, D, H, W, C]. */
export interface LayerRow {
  readonly peer: string;
  readonly work: string;
  readonly threads: number;
  readonly shape: readonly number[];
  readonly forward_ms: number;
  readonly backward_ms: number;
}

/** PyTorch's layers are warmed up for as long. */
const warmupMs = 500;

type Layer = (x: tf.Tensor5D, ...more: tf.Tensor[]) => tf.Tensor;

const name = process.argv[2] as BackendName;
const [threads, repeat, batch] = process.argv.slice(3, 6).map(Number) as [number, number, number];
const revectorize = process.argv.includes('--revectorize');
const backend = await startBackend({ name, threads, revectorize, allowCpuFallback: true });
const peer = name === 'wasm' ? `seg wasm ${backend.variant}` : `seg ${name}`;

const norm: Layer = (x, scale, offset) => instanceNorm(x, scale!, offset!, { negativeSlope: 0.01 });
for (const [size, channels] of [
  [64, 16],
  [64, 32],
  [32, 64],
] as const) {
  await measure('norm + leaky ReLU', cube(size, channels), norm, [tf.ones([channels]), tf.zeros([channels])]);
}
await measure('max-pool 2x2x2', cube(64, 32), (x) => maxPool3d(x, { size: 2 }));
await measure('trilinear resize to 64^3', cube(32, 16), (x) => resizeTrilinear(x, [64, 64, 64]));
const labels = tf.tidy(() => tf.cast(tf.floor(tf.randomUniform([batch, 64, 64, 64], 0, 3, 'float32', 2)), 'int32'));
await measure('softmax, cross-entropy and Dice', cube(64, 3), (x) => diceCrossEntropy(x, labels));

function cube(size: number, channels: number): readonly [number, number, number, number, number] {
  return [batch, size, size, size, channels];
}

/** Gradients are those for the input and for `params`; the times of both passes include the tape. */
async function measure(
  work: string,
  shape: readonly [number, number, number, number, number],
  layer: Layer,
  params: tf.Tensor[] = [],
) {
  const x = tf.randomNormal([...shape], 0, 1, 'float32', 1) as tf.Tensor5D;
  const dy = tf.tidy(() => tf.onesLike(layer(x, ...params)));
  let between = 0;
  const gradients = tf.grads((...inputs) => {
    const y = layer(...(inputs as [tf.Tensor5D, ...tf.Tensor[]]));
    between = performance.now();
    return y;
  });
  const once = () => {
    const start = performance.now();
    const results = gradients([x, ...params], dy);
    const end = performance.now();
    tf.dispose(results);
    return [between - start, end - between] as const;
  };
  // A training makes thousands of calls, and V8 makes fast code of JavaScript after some hundred only.
  for (const end = performance.now() + warmupMs; performance.now() < end; ) once();
  // It compiles a kernel's in the background of the first ones.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const times = Array.from({ length: repeat }, once);
  const median = (i: 0 | 1) => times.map((t) => t[i]).sort((a, b) => a - b)[repeat >> 1]!;
  const row: LayerRow = { peer, work, threads, shape, forward_ms: median(0), backward_ms: median(1) };
  console.log(JSON.stringify(row));
  tf.dispose([x, dy, params]);
}
