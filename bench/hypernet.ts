/**
 * What generating the weights costs of a training step of HyperSORT with the paper's networks: 3.3 million generated
 * weights, three trunk layers of 50 (170 million weights), batch 1.
 *
 *   node --conditions=@seg/source bench/hypernet.ts [--json] [--size 64] [--threads 2] [--repeat 3]
 *
 * Generation with its gradient, and loss with gradient of the main network, are measured one after the other, so that
 * only one of them needs memory at a time; the step is their sum, without the optimiser. The paper's volumes have 168
 * voxels a side. Here the side is what memory and time allow: generation costs the same at every side, while the rest
 * grows with the number of voxels, so that its part at 168 is smaller than what is printed.
 */
import { parseArgs } from 'node:util';
import { startBackend } from '@seg/backend';
import { disposeParams, mapParams, Rng } from '@seg/core';
import { hyperNetwork } from '@seg/hypernet';
import { diceCrossEntropyLoss } from '@seg/losses';
import { lossGradients } from '@seg/train';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { medianMs } from './unet/rows.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string', default: '64' },
    threads: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '3' },
  },
});
const [size, threads, repeat] = [options.size, options.threads, options.repeat].map(Number) as [number, number, number];

const backend = await startBackend({ name: 'wasm', threads });
const main = hyperSortUnet();
const hyper = hyperNetwork(main);
const count = (specs: typeof main.paramSpecs) =>
  Object.values(specs).reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);

const generation = await measureGeneration();
const rest = await measureMain();
const row = {
  peer: `seg wasm ${backend.variant}`,
  work: 'hypersort-step',
  threads,
  size,
  weights: count(main.paramSpecs),
  hyper_weights: count(hyper.paramSpecs),
  ms: generation.withGradient + rest,
  generate_ms: generation.forward,
  generation_ms: generation.withGradient,
  part: generation.withGradient / (generation.withGradient + rest),
};
if (options.json) console.log(JSON.stringify(row));
else {
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  console.log(`${row.peer}, ${threads} threads, ${size}^3, ${row.weights} weights from ${row.hyper_weights}:`);
  console.log(`  step ${row.ms.toFixed(0)} ms`);
  console.log(`  generation ${row.generate_ms.toFixed(0)} ms, ${percent(row.generate_ms / row.ms)} of the step`);
  console.log(`  with its gradient ${row.generation_ms.toFixed(0)} ms, ${percent(row.part)}`);
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
          diceCrossEntropyLoss(main.apply(params, image, { training: true }), label),
        );
        (metrics.loss as tf.Tensor).dataSync();
      });
    return await medianMs(step, repeat, 1);
  } finally {
    disposeParams(params);
    tf.dispose([image, label]);
  }
}
