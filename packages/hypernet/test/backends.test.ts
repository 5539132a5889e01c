import { type BackendName, startBackend } from '@seg/backend';
import { listBackends } from '@seg/backend/node';
import { Rng, type Triple } from '@seg/core';
import { type CheckpointStore, disposeState, fit, type Method, memoryCheckpointStore, supervised } from '@seg/train';
import { unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { hypersort, tLossUnet } from '../src/index.ts';

// float32 through ten steps of a network with norms, whose sums run in another order on each backend.
const relativeTolerance = 1e-3;
const steps = 10;
const shape: Triple = [8, 8, 8];
const network = unet3d({ classes: 3, features: [4, 8], deepSupervision: false });
const [native] = listBackends();

const methods: Readonly<Record<string, () => Method>> = {
  supervised: () => supervised({ network }) as unknown as Method,
  hypersort: () => hypersort({ network, hyper: { hidden: [6] }, latentLearningRate: 0.05 }) as unknown as Method,
  't-loss': () => tLossUnet({ network, learningRate: 0.01, nuLearningRate: 0.1 }) as unknown as Method,
};

/** Noisy images in which one ball is class 1 and another class 2. */
function cases() {
  const rng = Rng.fromSeed(5);
  return Array.from({ length: 3 }, (_, i) => {
    const label = Uint8Array.from({ length: 512 }, (_, v) => {
      const [z, y, x] = [v >> 6, (v >> 3) & 7, v & 7];
      if (Math.hypot(z - 2 - i / 2, y - 3, x - 2) < 2.2) return 1;
      return Math.hypot(z - 5, y - 4 - i / 2, x - 5) < 1.8 ? 2 : 0;
    });
    const image = Float32Array.from(label, (v) => v + rng.normal(0, 0.3));
    return { info: { id: `case ${i}`, labelled: true }, shape, channels: 1, image, label };
  });
}

/** Trains on one backend, from the store's last checkpoint on, and returns the loss of each step that it took. */
async function train(method: Method, name: BackendName, store: CheckpointStore, stop = steps): Promise<number[]> {
  await startBackend({ name, allowCpuFallback: true });
  const before = tf.memory().numTensors;
  const losses: number[] = [];
  const controller = new AbortController();
  const { state } = await fit(method, {
    data: cases(),
    budget: { steps },
    seed: 3,
    patchSize: shape,
    logEvery: 1,
    store,
    resume: true,
    signal: controller.signal,
    onLog: (record) => {
      if (record.kind === 'train') losses.push(record.metrics.loss!);
    },
    onProgress: ({ step }) => {
      if (step === stop) controller.abort();
    },
  });
  disposeState(state);
  expect(tf.memory().numTensors).toBe(before);
  return losses;
}

function expectAlike(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((loss, step) => {
    expect(Math.abs(found[step]! - loss), `step ${step + 1}`).toBeLessThanOrEqual(relativeTolerance * Math.abs(loss));
  });
}

describe.each(Object.entries(methods))('%s on every backend', (_, method) => {
  let expected: readonly number[];

  it('cpu: ten losses, of which the last is lower', async () => {
    expected = await train(method(), 'cpu', memoryCheckpointStore());
    expect(expected.length).toBe(steps);
    expect(expected.at(-1)!).toBeLessThan(expected[0]!);
  });

  it('wasm: the same ten losses', async () => {
    expectAlike(await train(method(), 'wasm', memoryCheckpointStore()), expected);
  });

  it('the native backend: the same ten losses', async ({ skip }) => {
    if (native === undefined) skip('no native backend is installed: seg backend install tensorflow');
    expectAlike(await train(method(), native!.name, memoryCheckpointStore()), expected);
  });

  it('begun on wasm, continued on the native backend, ended on wasm: the same ten losses', async ({ skip }) => {
    if (native === undefined) skip('no native backend is installed: seg backend install tensorflow');
    const store = memoryCheckpointStore();
    const parts = [
      await train(method(), 'wasm', store, 3),
      await train(method(), native!.name, store, 7),
      await train(method(), 'wasm', store),
    ];
    expect(parts.map((losses) => losses.length)).toEqual([3, 4, 3]);
    expectAlike(parts.flat(), expected);
  });
});
