/**
 * What generating the weights costs of a training step of HyperSORT with the paper's networks: 3.3 million generated
 * weights, three trunk layers of 50 (170 million weights), batch 1.
 *
 *   node --conditions=@seg/source bench/hypernet.ts [--json] [--size 64] [--backend wasm] [--threads 2] [--repeat 3] [--recompute]
 *
 * Generation with its gradient, loss with gradient of the main network, and Adam's update of the hypernetwork are measured
 * in processes of their own, so that each has all the memory; the step is their sum. The paper's volumes have 168
 * voxels a side, which takes gradient checkpointing (--recompute) where memory is short. Generation costs the same at
 * every side, while the rest grows with the number of voxels.
 */
import { parseArgs } from 'node:util';
import { type BackendName, startBackend } from '@seg/backend';
import { countParams, disposeParams, mapParams, Rng } from '@seg/core';
import { hyperNetwork } from '@seg/hypernet';
import { diceCrossEntropyLoss } from '@seg/losses';
import { applyAdam } from '@seg/ops';
import { lossGradients } from '@seg/train';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { ownRows } from './children.ts';
import { medianMs } from './unet/rows.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string', default: '64' },
    backend: { type: 'string', default: 'wasm' },
    threads: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '3' },
    recompute: { type: 'boolean', default: false },
    // What a child process measures.
    part: { type: 'string' },
  },
});
const [size, threads, repeat] = [options.size, options.threads, options.repeat].map(Number) as [number, number, number];

const main = hyperSortUnet({ recompute: options.recompute });
const hyper = hyperNetwork(main);
if (options.part === undefined) report();
else {
  const { description } = await startBackend({ name: options.backend as BackendName, threads });
  const times =
    options.part === 'generation'
      ? { generation: await measureGeneration() }
      : options.part === 'main'
        ? { main: await measureMain() }
        : { adam: await measureAdam() };
  console.log(JSON.stringify({ peer: `seg ${description}`, ...times }));
}

/** What a child process prints. */
interface Part {
  readonly peer: string;
  readonly generation?: { readonly forward: number; readonly withGradient: number };
  readonly main?: number;
  readonly adam?: number;
}

function report(): void {
  const notes: string[] = [];
  const [part] = ownRows<Part>(import.meta.filename, [...process.argv.slice(2), '--part', 'generation'], notes);
  const [rest] = ownRows<Part>(import.meta.filename, [...process.argv.slice(2), '--part', 'main'], notes);
  const [update] = ownRows<Part>(import.meta.filename, [...process.argv.slice(2), '--part', 'adam'], notes);
  for (const note of notes) console.error(note);
  if (part?.generation === undefined || rest?.main === undefined || update?.adam === undefined) {
    process.exitCode = 1;
    return;
  }
  const { generation } = part;
  const ms = generation.withGradient + rest.main + update.adam;
  const row = {
    peer: part.peer,
    work: 'hypersort-step',
    threads,
    size,
    weights: countParams(main.paramSpecs),
    hyper_weights: countParams(hyper.paramSpecs),
    ms,
    generate_ms: generation.forward,
    generation_ms: generation.withGradient,
    adam_ms: update.adam,
  };
  if (options.json) {
    console.log(JSON.stringify(row));
    return;
  }
  const share = (time: number) => `${time.toFixed(0)} ms, ${((100 * time) / ms).toFixed(1)} % of the step`;
  console.log(`${row.peer}, ${size}^3, ${row.weights} weights from ${row.hyper_weights}:`);
  console.log(`  step ${ms.toFixed(0)} ms`);
  console.log(`  generation ${share(row.generate_ms)}`);
  console.log(`  with its gradient ${share(row.generation_ms)}`);
  console.log(`  Adam on the hypernetwork ${share(row.adam_ms)}`);
}

/** Milliseconds of generating the weights, and of that with the gradient by the hypernetwork and the latent. */
async function measureGeneration(): Promise<{ readonly forward: number; readonly withGradient: number }> {
  const params = hyper.init(Rng.fromSeed(1));
  const latents = { latent: tf.tensor2d([[0.1, -0.2]]) };
  // The main network's gradients, which are random numbers of their shapes here.
  const given = tf.tidy(() => mapParams(main.init(Rng.fromSeed(2)), (t) => tf.mul(t, 1e-3)));
  try {
    const forward = await medianMs(
      () => tf.tidy(() => void Object.values(hyper.generate(params, latents.latent)).at(-1)!.dataSync()),
      repeat,
      1,
    );
    const withGradient = await medianMs(
      () =>
        tf.tidy(() => {
          const { gradients } = lossGradients({ hyper: params, latents }, () => {
            const generated = hyper.generate(params, latents.latent);
            return tf.addN(Object.entries(given).map(([name, t]) => tf.sum(tf.mul(t, generated[name]!)))) as tf.Scalar;
          });
          gradients.latents!.latent!.dataSync();
        }),
      repeat,
      1,
    );
    return { forward, withGradient };
  } finally {
    disposeParams(params);
    tf.dispose([latents, given] as unknown as tf.TensorContainer);
  }
}

/** Milliseconds of one update of all the hypernetwork's weights. */
async function measureAdam(): Promise<number> {
  const names = Object.keys(hyper.paramSpecs);
  let states = Object.values(hyper.init(Rng.fromSeed(1))).map((param) => ({
    param,
    first: tf.zeros(param.shape),
    second: tf.zeros(param.shape),
  }));
  const gradients = names.map((name) => tf.fill([...hyper.paramSpecs[name]!.shape], 1e-3));
  let step = 0;
  try {
    const update = () => {
      step++;
      states = states.map((state, i) => applyAdam(state, gradients[i]!, { learningRate: 1e-3, step }));
      for (const { param } of states) tf.tidy(() => void tf.slice(tf.reshape(param, [-1]), 0, 1).dataSync());
    };
    return await medianMs(update, repeat, 1);
  } finally {
    tf.dispose([states, gradients] as unknown as tf.TensorContainer);
  }
}

/** Milliseconds of loss and gradient of the main network with weights of its own. */
async function measureMain(): Promise<number> {
  const params = main.init(Rng.fromSeed(1));
  const voxels = Rng.fromSeed(3).fillNormal(new Float32Array(size ** 3));
  const image = tf.tensor5d(voxels, [1, size, size, size, 1]);
  const label = tf.cast(tf.greater(tf.squeeze(image, [4]), 0), 'int32') as tf.Tensor4D;
  try {
    const step = () =>
      tf.tidy(() => {
        const { metrics } = lossGradients({ main: params }, () =>
          diceCrossEntropyLoss(main.apply(params, image, { statistics: 'batch' }), label),
        );
        (metrics.loss as tf.Tensor).dataSync();
      });
    return await medianMs(step, repeat, 1);
  } finally {
    disposeParams(params);
    tf.dispose([image, label]);
  }
}
