import { startBackend } from '@seg/backend';
import { type Network, type Params, Rng, type Triple } from '@seg/core';
import { unet3d, vnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  networkPredictor,
  type PatchPredictor,
  type SampleSlab,
  SampleStatistics,
  slidingWindowInference,
  streamSamples,
} from '../src/index.ts';

beforeAll(() => startBackend({ name: 'cpu' }));

const patchSize: Triple = [4, 4, 4];

function imageOf(shape: Triple) {
  return { shape, data: Rng.fromSeed(4).fillNormal(new Float32Array(shape[0] * shape[1] * shape[2])) };
}

/** Adds a noise volume of the size of a window, drawn once, to the scores of two classes. */
function noisy(seen: Float32Array[] = [], disposed: number[] = []): PatchPredictor {
  return {
    apply: (x) => tf.concat([x, tf.neg(x)], 4) as tf.Tensor5D,
    sample(rng) {
      const values = rng.fillNormal(new Float32Array(64));
      const noise = tf.keep(tf.tensor(values, [1, 4, 4, 4, 1]));
      seen.push(values);
      return {
        apply: (x) => tf.concat([tf.add(x, noise), tf.neg(x)], 4) as tf.Tensor5D,
        dispose: () => {
          disposed.push(seen.indexOf(values));
          noise.dispose();
        },
      };
    },
  };
}

/** All samples of a prediction: [sample][class][voxel]. */
async function collect(
  predictor: PatchPredictor | readonly PatchPredictor[],
  shape: Triple,
  options: object,
): Promise<Float32Array[]> {
  const slabs: SampleSlab[] = [];
  const sink = { add: (slab: SampleSlab) => slabs.push(slab) };
  const { samples, classes } = await streamSamples(predictor, imageOf(shape), { patchSize, ...options }, [sink]);
  const voxels = shape[0] * shape[1] * shape[2];
  const all = Array.from({ length: samples }, () => new Float32Array(classes * voxels).fill(Number.NaN));
  for (const { axis, start, shape: part, scores, sample } of slabs) {
    for (let i = 0; i < scores.length; i++) {
      const size = part[0] * part[1] * part[2];
      const [c, v] = [Math.floor(i / size), i % size];
      const place = [Math.floor(v / (part[1] * part[2])), Math.floor(v / part[2]) % part[1], v % part[2]];
      place[axis]! += start;
      all[sample]![c * voxels + (place[0]! * shape[1] + place[1]!) * shape[2] + place[2]!] = scores[i]!;
    }
  }
  return all;
}

describe('streamSamples', () => {
  it('makes each draw once for all windows and mirrorings, and frees it before the next', async () => {
    const [seen, disposed]: [Float32Array[], number[]] = [[], []];
    const before = tf.memory().numTensors;
    const options = { samples: 3, rng: Rng.fromSeed(1), mirrorAxes: [0, 2] };
    const samples = await collect(noisy(seen, disposed), [9, 4, 6], options);
    expect(samples).toHaveLength(3);
    expect([seen.length, disposed]).toEqual([3, [0, 1, 2]]);
    expect(tf.memory().numTensors).toBe(before);
    expect(new Set(samples.map((s) => s[5])).size).toBe(3);
  });

  it('gives the scores of the draw, used as a predictor by itself', async () => {
    const rng = Rng.fromSeed(1);
    const options = { mirrorAxes: [1], overlap: 0.25 };
    const samples = await collect([noisy(), noisy()], [5, 7, 4], { ...options, samples: 2, rng });
    expect(samples).toHaveLength(4);
    for (const [i, sample] of samples.entries()) {
      const { dispose, ...draw } = noisy().sample!(rng.fork(Math.floor(i / 2)).fork(i % 2));
      const image = imageOf([5, 7, 4]);
      const { scores } = await slidingWindowInference(draw, image, { patchSize, ...options, mode: 'probabilities' });
      expect(sample).toEqual(scores);
      dispose?.();
    }
  });

  it('does not depend on the batch size, on how many samples there are, or on what the rng did in between', async () => {
    const network = vnet({ classes: 3, features: [4, 6], norm: 'instance' });
    const params = network.init(Rng.fromSeed(2));
    const predictor = networkPredictor(network, params);
    const run = (options: object) => collect(predictor, [6, 9, 5], { mirrorAxes: [0], ...options });
    const one = await run({ samples: 4, rng: Rng.fromSeed(7) });
    for (const batchSize of [2, 3, 64]) {
      expect(await run({ samples: 4, rng: Rng.fromSeed(7), batchSize })).toEqual(one);
    }
    expect(await run({ samples: 2, rng: Rng.fromSeed(7) })).toEqual(one.slice(0, 2));
    const other = await run({ samples: 4, rng: Rng.fromSeed(8) });
    for (const sample of other) for (const first of one) expect(sample).not.toEqual(first);
    tf.dispose(params);
  });

  it('predicts each member once without samples', async () => {
    const members: PatchPredictor[] = [1, -2].map((a) => ({
      output: 'probabilities',
      apply: (x) => tf.sigmoid(tf.concat([tf.mul(x, a), tf.mul(x, -a)], 4)) as tf.Tensor5D,
    }));
    const progress: number[] = [];
    const [first, second] = await collect(members, [4, 4, 4], {
      onProgress: ({ done, total }: { done: number; total: number }) => progress.push(done / total),
    });
    const { data } = imageOf([4, 4, 4]);
    expect(progress).toEqual([0.5, 1]);
    for (let i = 0; i < 64; i++) {
      expect(first![i]).toBeCloseTo(1 / (1 + Math.exp(-data[i]!)), 6);
      expect(second![64 + i]).toBeCloseTo(1 / (1 + Math.exp(-2 * data[i]!)), 6);
    }
  });

  it('refuses samples of what is not random, draws without rng, and other numbers of classes', async () => {
    const plain: PatchPredictor = { apply: (x) => tf.concat([x, x], 4) as tf.Tensor5D };
    const rng = Rng.fromSeed(1);
    await expect(collect([noisy(), plain], patchSize, { samples: 2, rng })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/predictor 2 of 2 is not random/),
    });
    expect(await collect(plain, patchSize, { samples: 1 })).toHaveLength(1);
    await expect(collect(noisy(), patchSize, { samples: 2 })).rejects.toThrow(/need an rng/);
    for (const samples of [0, 1.5, Number.NaN]) {
      await expect(collect(noisy(), patchSize, { samples, rng })).rejects.toThrow(/whole number/);
    }
    const three: PatchPredictor = { apply: (x) => tf.concat([x, x, x], 4) as tf.Tensor5D };
    await expect(collect([plain, three], patchSize, {})).rejects.toThrow(/differ in their number of classes/);
    await expect(collect([], patchSize, {})).rejects.toThrow(/at least one member/);
  });

  it('frees the draw when the prediction fails', async () => {
    const disposed: number[] = [];
    const sink = {
      add: () => {
        throw new Error('full');
      },
    };
    const options = { patchSize, samples: 2, rng: Rng.fromSeed(1) };
    const before = tf.memory().numTensors;
    await expect(streamSamples(noisy([], disposed), imageOf([8, 4, 4]), options, [sink])).rejects.toThrow('full');
    expect(disposed).toHaveLength(1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('networkPredictor', () => {
  const config = { classes: 2, features: [4, 6], kernels: 3, strides: [1, 2] } as const;

  it.each([
    ['element', 'none'],
    ['channel', 'batch'],
  ] as const)('draws masks that every window of a batch shares: %s dropout, %s norm', (kind, norm) => {
    const network = unet3d({ ...config, norm, dropout: { rate: 0.5, kind } });
    const params = network.init(Rng.fromSeed(1));
    const buffers = Object.fromEntries(
      Object.entries(network.bufferSpecs).map(([name, { shape }]) => [name, tf.fill([...shape], 1.5)]),
    );
    const predictor = networkPredictor(network as Network<tf.Tensor5D>, params, { buffers });
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const window = tf.tensor(Rng.fromSeed(3).fillNormal(new Float32Array(64)), [1, 4, 4, 4, 1]) as tf.Tensor5D;
      const other = tf.mul(window, -3) as tf.Tensor5D;
      const draw = predictor.sample!(Rng.fromSeed(5));
      const alone = [window, other].map((w) => [...draw.apply(w).dataSync()]);
      const both = draw.apply(tf.concat([window, other, window]));
      expect([...both.dataSync()]).toEqual([...alone[0]!, ...alone[1]!, ...alone[0]!]);
      expect([...predictor.sample!(Rng.fromSeed(6)).apply(window).dataSync()]).not.toEqual(alone[0]);
      // The plain prediction drops nothing, and a rate of one half drops something.
      expect([...predictor.apply(window).dataSync()]).not.toEqual(alone[0]);
    });
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([params, buffers] as unknown as tf.TensorContainer);
  });

  it('has samples only where the network has dropout', () => {
    const params: Params = {};
    for (const dropout of [null, { rate: 0 }, { rate: 0.3, places: [] }]) {
      const network = unet3d({ ...config, dropout });
      expect(network.hasDropout).toBe(false);
      expect(networkPredictor(network as Network<tf.Tensor5D>, params).sample).toBeUndefined();
    }
    expect(networkPredictor(vnet({ classes: 2, features: [4, 8] }), params).sample).toBeDefined();
    expect(vnet({ classes: 2, features: [4, 8], dropout: null }).hasDropout).toBe(false);
  });
});

describe('SampleStatistics', () => {
  it.each([
    { activation: 'softmax', shape: [11, 6, 7] },
    { activation: 'sigmoid', shape: [5, 4, 15] },
  ] as const)('has the values of float64 loops over stored samples: $activation', async ({ activation, shape }) => {
    const base = noisy();
    const predictor: PatchPredictor = {
      ...base,
      activation,
      sample: (rng) => ({ ...base.sample!(rng), activation }),
    };
    const options = { patchSize, samples: 7, rng: Rng.fromSeed(3) };
    const statistics = new SampleStatistics({ measures: ['entropy', 'mutualInformation', 'variance'] });
    const samples = await collect(predictor, shape, options);
    await streamSamples(predictor, imageOf(shape), options, [statistics]);
    expect(statistics.samples).toBe(7);

    const voxels = shape[0] * shape[1] * shape[2];
    const xlogx = (p: number) => (p > 0 ? -p * Math.log(p) : 0);
    const entropyOf = (p: number[]) =>
      p.reduce((sum, value) => sum + xlogx(value) + (activation === 'sigmoid' ? xlogx(1 - value) : 0), 0);
    const { scores } = statistics.mean();
    const { labels } = statistics.labels();
    const [h, mi, variance] = [
      statistics.map('entropy').values,
      statistics.map('mutualInformation').values,
      statistics.map('variance').values,
    ];
    for (let v = 0; v < voxels; v++) {
      const drawn = samples.map((sample) => [sample[v]!, sample[voxels + v]!]);
      const mean = [0, 1].map((c) => drawn.reduce((sum, p) => sum + p[c]! / 7, 0));
      const entropy = entropyOf(mean);
      const within = drawn.reduce((sum, p) => sum + entropyOf(p) / 7, 0);
      const spread = [0, 1].map((c) => drawn.reduce((sum, p) => sum + (p[c]! - mean[c]!) ** 2 / 7, 0));
      expect(scores[v]).toBeCloseTo(mean[0]!, 6);
      expect(scores[voxels + v]).toBeCloseTo(mean[1]!, 6);
      expect(h[v]).toBeCloseTo(entropy, 6);
      expect(mi[v]).toBeCloseTo(entropy - within, 6);
      expect(variance[v]).toBeCloseTo((spread[0]! + spread[1]!) / 2, 6);
      expect(mi[v]).toBeGreaterThanOrEqual(0);
      expect(h[v]).toBeGreaterThanOrEqual(mi[v]!);
      const painted = mean[1]! > 0.5 ? 2 : mean[0]! > 0.5 ? 1 : 0;
      expect(labels[v]).toBe(activation === 'sigmoid' ? painted : mean[1]! > mean[0]! ? 1 : 0);
    }
    expect(Math.max(...mi)).toBeGreaterThan(0.01);
  });

  it('holds as many bytes after many samples as after one, and only what is asked for', async () => {
    const shape: Triple = [12, 5, 6];
    const voxels = 12 * 5 * 6;
    const bytesOf = async (samples: number, measures: ('entropy' | 'mutualInformation' | 'variance')[]) => {
      const statistics = new SampleStatistics({ measures });
      await streamSamples(noisy(), imageOf(shape), { patchSize, samples, rng: Rng.fromSeed(1) }, [statistics]);
      return statistics.byteLength;
    };
    expect(await bytesOf(1, ['entropy'])).toBe(8 * 2 * voxels);
    expect(await bytesOf(12, ['entropy'])).toBe(8 * 2 * voxels);
    expect(await bytesOf(12, ['mutualInformation'])).toBe(8 * 3 * voxels);
    expect(await bytesOf(12, ['variance', 'mutualInformation'])).toBe(8 * 5 * voxels);
  });

  it('says that samples agree where they are the same', async () => {
    const same: PatchPredictor = { apply: (x) => tf.concat([x, tf.neg(x)], 4) as tf.Tensor5D };
    const statistics = new SampleStatistics({ measures: ['mutualInformation', 'variance'] });
    await streamSamples([same, same, same], imageOf([6, 5, 4]), { patchSize }, [statistics]);
    const spread = [...statistics.map('mutualInformation').values, ...statistics.map('variance').values];
    expect(Math.max(...spread)).toBeLessThan(1e-15);
    const { labels } = await slidingWindowInference(same, imageOf([6, 5, 4]), { patchSize });
    expect(statistics.labels().labels).toEqual(labels);
  });

  it('refuses measures that were not named, samples in other slabs, and an early question', async () => {
    const statistics = new SampleStatistics();
    expect(() => statistics.mean()).toThrow(/no samples/);
    await streamSamples(noisy(), imageOf(patchSize), { patchSize }, [statistics]);
    expect(() => statistics.map('variance')).toThrow(/measures/);
    await expect(streamSamples(noisy(), imageOf([8, 4, 4]), { patchSize }, [statistics])).rejects.toMatchObject({
      code: 'shape-mismatch',
    });
  });
});
