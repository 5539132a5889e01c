import { disposeParams, Rng, type Triple } from '@seg/core';
import { type Checkpoint, disposeState, fit, memoryCheckpointStore } from '@seg/train';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import {
  hyperNetwork,
  hypersort,
  type LatentRecord,
  plainUnet,
  qualityInput,
  qualitySentinelNetwork,
  styleModel,
  tLossUnet,
  trainBaseline,
  trainMap,
  trainSentinel,
} from '../src/index.ts';

/** One and the same sum in another order. */
const FLOAT32_TOLERANCE = 1e-5;
const shape: Triple = [4, 6, 4];
const network = hyperSortUnet({ baseFeatures: 2, levels: 1, convs: 1 });
const hyper = { hidden: [5], spread: 1 };

function cases(count = 3) {
  const rng = Rng.fromSeed(1);
  return Array.from({ length: count }, (_, i) => {
    const label = new Uint8Array(96);
    label.fill(1, 20 + i, 60);
    const image = Float32Array.from(label, (v) => v + rng.normal(0, 0.3));
    return { info: { id: `case ${i}`, labelled: true }, shape, channels: 1, image, label };
  });
}

describeBackends('hypersort in fit', (backend) => {
  const run = async (budget: number, stop?: number) => {
    const data = cases();
    const store = memoryCheckpointStore();
    const history: LatentRecord[] = [];
    const method = () => hypersort({ network, hyper, latentLearningRate: 0.05, onLatents: (r) => history.push(r) });
    const options = { data, budget: { steps: budget }, seed: 3, patchSize: shape, store, validateEvery: 2 };
    if (stop !== undefined) {
      const controller = new AbortController();
      const onProgress = ({ step }: { step: number }) => {
        if (step === stop) controller.abort();
      };
      disposeState((await fit(method(), { ...options, signal: controller.signal, onProgress })).state);
    }
    const { state } = await fit(method(), { ...options, resume: stop !== undefined });
    disposeState(state);
    return { last: (await store.load('last')) as Checkpoint, history };
  };

  it('trains the same when the main network computes its stages again', async () => {
    const before = tf.memory().numTensors;
    const trained: Checkpoint[] = [];
    for (const recompute of [false, true]) {
      const chosen = hyperSortUnet({ baseFeatures: 2, levels: 1, convs: 1, recompute });
      const store = memoryCheckpointStore();
      const options = { data: cases(), budget: { steps: 4 }, seed: 3, patchSize: shape, store };
      disposeState((await fit(hypersort({ network: chosen, hyper }), options)).state);
      trained.push((await store.load('last')) as Checkpoint);
    }
    expect(tf.memory().numTensors).toBe(before);
    const [plain, recomputed] = trained as [Checkpoint, Checkpoint];
    for (const [name, { data }] of Object.entries(plain.tensors)) {
      if (backend === 'cpu' || backend === 'wasm') expect(recomputed.tensors[name]!.data, name).toEqual(data);
      else
        for (const [i, v] of data.entries())
          expect(Math.abs(v - recomputed.tensors[name]!.data[i]!)).toBeLessThan(1e-3);
    }
  });

  it('resumes exactly: weights, latents and both optimisers', async () => {
    const before = tf.memory().numTensors;
    const whole = await run(8);
    const parts = await run(8, 4);
    expect(tf.memory().numTensors).toBe(before);
    expect(Object.keys(whole.last.tensors)).toContain('optimiser/latents/second/case 1');
    expect(parts.last.meta.updates).toEqual(whole.last.meta.updates);
    expect(parts.last.meta.state).toEqual(whole.last.meta.state);
    for (const [name, { data }] of Object.entries(whole.last.tensors)) {
      // The native backend sums in parallel, in no fixed order.
      if (backend === 'cpu' || backend === 'wasm') expect(parts.last.tensors[name]!.data, name).toEqual(data);
      else
        for (const [i, v] of data.entries())
          expect(Math.abs(v - parts.last.tensors[name]!.data[i]!)).toBeLessThan(1e-3);
    }
    // Three cases, one a step: every epoch and the end, however often the training validates.
    expect(whole.history.map((r) => r.step)).toEqual([3, 6, 8]);
    expect(parts.history.map((r) => r.step)).toEqual([3, 6, 8]);
    expect(Object.keys(whole.history[0]!.latents)).toEqual(['case 0', 'case 1', 'case 2']);
    // The largest pre-activation, from the weights that the final hypernetwork makes for each case.
    const { saturation, latents } = whole.history.at(-1)!;
    const largest = tf.tidy(() => {
      const group = Object.entries(whole.last.tensors).filter(([name]) => name.startsWith('group/hyper/'));
      const params = Object.fromEntries(
        group.map(([name, { data, shape: of }]) => [name.slice('group/hyper/'.length), tf.tensor(data, [...of])]),
      );
      const made = Object.values(latents).flatMap((z) =>
        Object.values(hyperNetwork(network, hyper).generate(params, tf.tensor2d([[...z]]))),
      );
      return Math.max(...made.flatMap((t) => [...t.dataSync()].map((v) => Math.abs(Math.atanh(v / 5)))));
    });
    expect(Math.abs(saturation! / largest - 1)).toBeLessThan(1e-4);
    const resumed = parts.history.at(-1)!.saturation!;
    expect(Math.abs(resumed / saturation! - 1)).toBeLessThan(1e-3);
  });

  it('moves a latent only when its case is seen, and counts its steps', async () => {
    const { last } = await run(4);
    const updates = Object.entries(last.meta.updates).filter(([name]) => name.startsWith('latents/'));
    expect(updates.map(([, n]) => n).sort()).toEqual([1, 1, 2]);
  });
});

describeBackends('styleModel', () => {
  it('segments as the generated network does, and frees what it made', async () => {
    const [item] = cases();
    const net = hyperNetwork(network, hyper);
    const params = net.init(Rng.fromSeed(2));
    const before = tf.memory().numTensors;
    const model = styleModel(network, net, params);
    const got = await model.probabilities(item!, [0.4, -0.2]);
    const weights = model.networkAt([0.4, -0.2]);
    const expected = tf.tidy(() => {
      const logits = network.apply(weights, tf.tensor5d(item!.image, [1, ...shape, 1]));
      const values = logits.dataSync();
      return Array.from({ length: 96 }, (_, i) => 1 / (1 + Math.exp(values[2 * i]! - values[2 * i + 1]!)));
    });
    disposeParams(weights);
    expect(Math.max(...expected.map((v, i) => Math.abs(v - got[i]!)))).toBeLessThan(FLOAT32_TOLERANCE);
    expect([...(await model.segment(item!, [0.4, -0.2]))]).toEqual([...got].map((v) => (v >= 0.5 ? 1 : 0)));
    expect(await model.probabilities(item!, [-0.4, 0.2])).not.toEqual(got);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
    disposeParams(params);
  });
});

describeBackends('baselines', () => {
  it.each(['plain', 't-loss'] as const)('%s U-Net learns the cases', async (kind) => {
    const data = cases();
    const before = tf.memory().numTensors;
    const options = { network, learningRate: 0.02 };
    const fitted = { steps: 40, seed: 1 };
    const trained =
      kind === 'plain'
        ? await trainBaseline(plainUnet(options), data, fitted)
        : await trainBaseline(tLossUnet(options), data, fitted);
    const agreed = (await trained.segment(data[0]!)).filter((v, i) => v === data[0]!.label[i]).length;
    expect(agreed).toBeGreaterThan(80);
    expect(trained.steps).toBe(40);
    trained.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('the T-loss network’s nu moves by its analytic gradient', async () => {
    const store = memoryCheckpointStore();
    const { state } = await fit(tLossUnet({ network, nuLearningRate: 0.1 }), {
      data: cases(),
      budget: { steps: 1 },
      patchSize: shape,
      store,
    });
    disposeState(state);
    const saved = await store.load('last');
    // Adam's first step has the length of the learning rate, whatever the gradient's size.
    expect(Math.abs(Math.abs(saved!.tensors['group/shape/lnNu']!.data[0]! - 1) - 0.1)).toBeLessThan(1e-3);
  });

  it('the quality regressor rates whole masks above broken ones after training', async () => {
    const data = cases();
    const before = tf.memory().numTensors;
    const trained = await trainSentinel(data, { steps: 60, features: 4, learningRate: 0.01 });
    const broken = data[0]!.label.map((v, i) => (i % 3 === 0 ? 0 : v));
    const shifted = Uint8Array.from(data[0]!.label, (_, i) => data[0]!.label[(i + 40) % 96]!);
    const whole = await trained.quality(data[0]!, data[0]!.label);
    expect(whole).toBeGreaterThan(await trained.quality(data[0]!, shifted));
    expect(Number.isFinite(await trained.quality(data[0]!, broken))).toBe(true);
    trained.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses no cases, and cases of several grids', async () => {
    const [first, second] = cases();
    const mixed = [first!, { ...second!, shape: [6, 4, 4] as const }];
    const placed = { start: [0, 0, 0], size: [1, 1, 1], spacingMm: [1, 1, 1], volumeMl: 1 } as const;
    const mapped = mixed.map((c) => ({ ...c, ...placed }));
    await expect(trainMap(mapped, { network })).rejects.toThrow(/trainMap: case 1 has another shape/);
    await expect(trainMap([], { network })).rejects.toThrow(/trainMap: there are no cases/);
    await expect(trainBaseline(plainUnet({ network }), mixed, { steps: 1 })).rejects.toThrow(/trainBaseline: case 1/);
    await expect(trainSentinel(mixed, { steps: 1 })).rejects.toThrow(/trainSentinel: case 1/);
  });

  it('the regressor’s input is the image with the mask as its last channel', async () => {
    const [item] = cases();
    const input = qualityInput(item!, item!.label);
    expect(input.shape).toEqual([1, ...shape, 2]);
    const values = input.dataSync();
    item!.label.forEach((v, i) => {
      expect(values[2 * i + 1]).toBe(v);
      expect(values[2 * i]).toBe(item!.image[i]);
    });
    input.dispose();
    const specs = qualitySentinelNetwork({ imageChannels: 2, features: 4 }).paramSpecs;
    expect(specs['down.0.kernel']!.shape).toEqual([3, 3, 3, 3, 4]);
    await expect(trainSentinel([item!], { steps: 1, batchSize: 1 })).rejects.toThrow(/two samples/);
  });
});
