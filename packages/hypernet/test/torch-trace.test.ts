import { readFileSync } from 'node:fs';
import { startBackend } from '@seg/backend';
import type { Params, Triple } from '@seg/core';
import { disposeState, fit } from '@seg/train';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { hyperNetwork, hypersort, latentsOf } from '../src/index.ts';

interface Golden {
  readonly order: readonly number[];
  readonly losses: readonly number[];
  readonly latents: readonly (readonly number[])[];
  /** Gradients of the watched kernel that are exactly zero in the first step. */
  readonly vanishing: number;
  readonly watched: { readonly name: string; readonly values: string };
  readonly norms: Readonly<Record<string, number>>;
}
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/golden_hypersort.json', import.meta.url), 'utf8'),
) as Golden;

const SIZE = 8;
const shape: Triple = [SIZE, SIZE, SIZE];
const network = hyperSortUnet({ baseFeatures: 4, levels: 2, convs: 1 });
const hyper = { init: 'released' } as const;
const { paramSpecs } = hyperNetwork(network, hyper);

/** What everything starts with, as in the generator of the golden file. */
function start(count: number, k: number, amplitude: number, centre = 0): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => centre + amplitude * Math.sin(1.7 * (i + 1) + k));
}

function startOfNetwork(): Float32Array {
  const parts = Object.entries(network.paramSpecs).map(([name, spec], k) => {
    const count = spec.shape.reduce((a, b) => a * b, 1);
    const outputs = name.includes('.up.') ? spec.shape[3]! : spec.shape[4]!;
    if (name.endsWith('kernel')) return start(count, k, 1 / Math.sqrt(count / outputs));
    return start(count, k, 0.2, name.endsWith('scale') ? 1 : 0);
  });
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function startOfHyper(): Params {
  const tensors = Object.entries(paramSpecs).map(([name, spec]) => {
    const size = spec.shape.reduce((a, b) => a * b, 1);
    const layer = Number(name.split('.')[1]);
    const [isTrunk, isKernel] = [name.startsWith('trunk'), name.endsWith('kernel')];
    const values = isTrunk
      ? start(size, isKernel ? layer : 10 + layer, 1 / Math.sqrt(layer === 0 ? 2 : 50))
      : isKernel
        ? start(size, 20, 1 / Math.sqrt(50))
        : startOfNetwork();
    return [name, tf.tensor(values, [...spec.shape])] as const;
  });
  return Object.fromEntries(tensors);
}

const data = [0, 1, 2].map((n) => {
  const label = Uint8Array.from({ length: SIZE ** 3 }, (_, i) => {
    const [z, y, x] = [Math.floor(i / SIZE ** 2), Math.floor(i / SIZE) % SIZE, i % SIZE];
    const squared = (z - 3.5) ** 2 + (y - 3 - 0.5 * n) ** 2 + (x - 4) ** 2;
    return squared <= (2.2 + 0.4 * n) ** 2 ? 1 : 0;
  });
  const image = Float32Array.from(label, (v, i) => v + 0.5 * Math.sin(0.9 * i * (n + 1)));
  return { info: { id: `${n}`, labelled: true }, shape, channels: 1, image, label };
});

/** The watched weights of the dominant style. */
function generatedAtOrigin(params: Params): Float32Array {
  const weights = hyperNetwork(network, hyper).generate(params, tf.zeros([1, 2]));
  return weights[golden.watched.name]!.dataSync<'float32'>().slice();
}

/** Trains with the method's defaults, the published settings, from the golden file's start. */
async function train() {
  const method = hypersort({ network, hyper });
  const order: string[] = [];
  const losses: number[] = [];
  const { state } = await fit(
    {
      ...method,
      groups: {
        hyper: { ...method.groups.hyper, init: startOfHyper },
        latents: {
          ...method.groups.latents,
          init: (_rng, ids) =>
            Object.fromEntries(ids.map((id) => [id, tf.tensor2d(start(2, 30 + Number(id), 0.05), [1, 2])])),
        },
      },
      step: (context) => {
        order.push(context.batch.train.cases[0]!.id);
        return method.step(context);
      },
    },
    {
      data,
      budget: { steps: golden.order.length },
      seed: 1,
      patchSize: shape,
      foregroundFraction: 0,
      onProgress: ({ metrics }) => void losses.push(metrics.segmentation!),
    },
  );
  const watched = tf.tidy(() => generatedAtOrigin(state.groups.hyper!));
  const latents = new Map((await latentsOf(state.groups.latents!)).map(({ id, latent }) => [id, latent]));
  disposeState(state);
  return { order, losses, latents: data.map(({ info }) => latents.get(info.id)!), watched };
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
const expected = new Float32Array(Uint8Array.from(Buffer.from(golden.watched.values, 'base64')).buffer);

/** Float32 after six steps, in which the loss falls from 2.9 to 0.7: a few rounding errors of it. */
const LOSS_TOLERANCE = 2e-5;
/** Latents are about 0.05, and moved by steps of 0.001. */
const LATENT_TOLERANCE = 4e-8;
/** Weights are about 1; a single one of 6912, whose gradient nearly vanishes, is off by 1.5e-5. Noise moves one by 5e-3. */
const WEIGHT_TOLERANCE = 5e-5;

describe.each(['fast', 'direct'] as const)('HyperSORT at its published settings, wasm, precision %s', (precision) => {
  it('follows PyTorch', async () => {
    const backend = await startBackend({ name: 'wasm', threads: 1, precision });
    const before = tf.memory().numTensors;
    const { order, losses, latents, watched } = await train();
    expect(tf.memory().numTensors).toBe(before);
    backend.dispose();
    expect(order.map(Number)).toEqual(golden.order);
    expect(golden.vanishing).toBeGreaterThan(1000);
    expect(largest(losses, golden.losses)).toBeLessThan(LOSS_TOLERANCE);
    for (const [i, latent] of latents.entries())
      expect(largest(latent, golden.latents[i]!)).toBeLessThan(LATENT_TOLERANCE);
    expect(largest(watched, expected)).toBeLessThan(WEIGHT_TOLERANCE);
  });
});

it('hands another epsilon on to the hypernetwork’s Adam', () => {
  const optimiser = (more: { readonly epsilon?: number }) => hypersort({ network, ...more }).groups.hyper.optimiser;
  expect(optimiser({})).toEqual({ kind: 'adam', learningRate: 1e-3, epsilon: 1e-8 });
  expect(optimiser({ epsilon: 1e-4 })).toMatchObject({ epsilon: 1e-4 });
});
