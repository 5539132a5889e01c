import { type Network, Rng, type Triple } from '@seg/core';
import {
  createMethod,
  disposeState,
  type FitResult,
  fit,
  type JsonValue,
  type Method,
  type TrainingCase,
  type TrainingPlan,
} from '@seg/train';
import { hyperSortUnet, unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import { type HyperSortOptions, hyperNetwork, hypernetMethods, hypersort, plainUnet, tLossUnet } from '../src/index.ts';

/** One and the same float32 arithmetic in another order. */
const FLOAT32_TOLERANCE = 1e-5;
const shape: Triple = [4, 8, 4];
const small = hyperSortUnet({ baseFeatures: 3, levels: 1, convs: 1 });

/** Ramps along y whose label ends at a height that the image does not tell: 2 for even cases, 6 for odd ones. */
function ramps(count = 4): TrainingCase[] {
  const rng = Rng.fromSeed(4);
  const y = (i: number) => Math.floor(i / 4) % 8;
  return Array.from({ length: count }, (_, n) => ({
    info: { id: `case ${n}`, labelled: true },
    shape,
    channels: 1,
    image: Float32Array.from({ length: 128 }, (_, i) => y(i) / 4 - 0.875 + rng.normal(0, 0.02)),
    label: Uint8Array.from({ length: 128 }, (_, i) => (y(i) < (n % 2 === 0 ? 2 : 6) ? 1 : 0)),
  }));
}

const train = <G extends string, S extends string, State>(method: Method<G, S, State>, steps: number, data = ramps()) =>
  fit(method, { data, budget: { steps }, seed: 3, patchSize: shape, foregroundFraction: 0 });

/** Voxels that a predictor of a trained state calls foreground. */
function volume(method: unknown, { state }: FitResult, { image }: TrainingCase): number {
  const { predictor } = method as Method;
  return tf.tidy(() => {
    const logits = predictor(state.groups).apply(tf.tensor5d(image, [1, ...shape, 1]));
    return tf.sum(tf.argMax(logits, 4)).dataSync()[0]!;
  });
}

/** What a step is told besides parameters and batch. */
const firstStep = {
  state: { loss: null },
  rng: Rng.fromSeed(1),
  step: 0,
  progress: 0,
  phase: 'training',
  phaseProgress: 0,
  turn: 0,
};
const conditions = { 'case 0': [-1], 'case 1': [1], 'case 2': [-1], 'case 3': [1] };

describeBackends('hypersort with known conditions', () => {
  it('alone, without latents, learns the size that the condition says', async () => {
    const before = tf.memory().numTensors;
    const options = { network: small, hyper: { latentDim: 0, conditionDim: 1, hidden: [8], spread: 1 }, conditions };
    const method = hypersort({ ...options, learningRate: 0.01 });
    const result = await train(method, 160);
    expect(result.state.groups.latents).toEqual({});
    const [item] = ramps();
    const at = (predictionCondition: number[]) => volume(hypersort({ ...options, predictionCondition }), result, item!);
    const [low, high] = [at([-1]), at([1])];
    // 2 and 6 of 8 planes of 16 voxels; half a plane is what a network of 160 steps may miss.
    expect(Math.abs(low - 32)).toBeLessThanOrEqual(8);
    expect(Math.abs(high - 96)).toBeLessThanOrEqual(8);
    // Without a choice predictions are made at the mean of all conditions, here 0.
    expect(volume(method, result, item!)).toBe(at([0]));
    disposeState(result.state);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('beside latents: the latent first, then the condition, and no condition in the penalty', () => {
    const before = tf.memory().numTensors;
    const hyper = { latentDim: 2, conditionDim: 2, hidden: [5], spread: 1 };
    const net = hyperNetwork(small, hyper);
    const method = hypersort({ network: small, hyper, conditions: { a: [0.5, -2] }, latentWeight: 3 });
    const params = { hyper: net.init(Rng.fromSeed(1)), latents: { a: tf.tensor2d([[0.2, -0.3]]) } };
    const [{ image, label }] = ramps(1) as [TrainingCase];
    tf.tidy(() => {
      const x = tf.tensor5d(image, [1, ...shape, 1]);
      const { gradients, metrics } = method.step({
        params,
        trainable: params,
        batch: {
          train: {
            image: x,
            label: tf.tensor4d([...label!], [1, ...shape], 'int32'),
            cases: [{ id: 'a', labelled: true }],
            extras: {},
          },
        },
        ...firstStep,
      });
      const weights = net.generate(params.hyper, tf.tensor2d([[0.2, -0.3, 0.5, -2]]));
      const p = [...tf.softmax(small.apply(weights, x, { statistics: 'batch' })).dataSync()];
      // Cross-entropy and soft Dice of two channels in float64.
      const crossEntropy = label!.reduce((sum, v, i) => sum - Math.log(p[2 * i + v]!), 0) / 128;
      const dice = [0, 1].map((c) => {
        const own = p.filter((_, i) => i % 2 === c);
        const overlap = own.reduce((sum, v, i) => sum + (label![i] === c ? v : 0), 0);
        return (2 * overlap) / (own.reduce((a, b) => a + b) + label!.filter((v) => v === c).length);
      });
      const expected = crossEntropy + 1 - (dice[0]! + dice[1]!) / 2;
      expect(Math.abs((metrics!.segmentation as tf.Tensor).dataSync()[0]! - expected)).toBeLessThan(FLOAT32_TOLERANCE);
      expect(Math.abs((metrics!.penalty as tf.Tensor).dataSync()[0]! - 1.5)).toBeLessThan(FLOAT32_TOLERANCE);
      expect(gradients!.latents!.a!.shape).toEqual([1, 2]);
    });
    tf.dispose(params as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describeBackends('networks with dropout or running statistics', (backend) => {
  const config = { classes: 2, features: [4, 8], deepSupervision: false } as const;
  const batchNorm = unet3d({ ...config, norm: 'batch' });

  const losses = async (network: Network<tf.Tensor5D>) => {
    const found: number[] = [];
    const { state } = await fit(hypersort({ network, hyper: { hidden: [4] }, batchSize: 2 }), {
      data: ramps(),
      budget: { steps: 3 },
      seed: 3,
      patchSize: shape,
      logEvery: 1,
      onLog: (record) => {
        if (record.kind === 'train') found.push(record.metrics.loss!);
      },
    });
    disposeState(state);
    return found;
  };

  it('hypersort drops out by the step’s own random numbers', async () => {
    const before = tf.memory().numTensors;
    const dropping = unet3d({ ...config, dropout: { rate: 0.4 } });
    const [first, again, whole] = [await losses(dropping), await losses(dropping), await losses(unet3d(config))];
    expect(first.length).toBe(3);
    first.forEach((loss, i) => {
      // The native backend sums in parallel, in no fixed order.
      expect(Math.abs(loss - again[i]!)).toBeLessThanOrEqual(backend === 'cpu' || backend === 'wasm' ? 0 : 1e-4);
      expect(Math.abs(loss - whole[i]!)).toBeGreaterThan(1e-3);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(['plain', 't-loss'] as const)('%s U-Net learns running statistics and predicts with them', async (kind) => {
    const before = tf.memory().numTensors;
    const method = (kind === 'plain' ? plainUnet : tLossUnet)({ network: batchNorm }) as unknown as Method;
    const { state } = await train(method, 4);
    const { network, buffers } = state.groups;
    expect(Object.keys(buffers!)).toEqual(Object.keys(batchNorm.bufferSpecs));
    for (const [name, statistic] of Object.entries(buffers!)) {
      const start = name.endsWith('mean') ? 0 : 1;
      expect(Math.max(...statistic.dataSync().map((v) => Math.abs(v - start))), name).toBeGreaterThan(1e-3);
    }
    tf.tidy(() => {
      const x = tf.tensor5d(ramps()[0]!.image, [1, ...shape, 1]);
      const got = method.predictor(state.groups).apply(x);
      const expected = batchNorm.apply(network!, x, { buffers: buffers! });
      expect(tf.max(tf.abs(tf.sub(got, expected))).dataSync()[0]).toBe(0);
    });
    disposeState(state);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('hypersort refuses running statistics', () => {
    expect(() => hypersort({ network: batchNorm })).toThrow(
      /hypersort: the network has running statistics.*group norms/,
    );
  });
});

describe('hypersort refuses', () => {
  it.each<[string, Partial<HyperSortOptions>, RegExp]>([
    ['conditions without conditionDim', { conditions }, /go together/],
    ['a prediction’s condition without conditionDim', { predictionCondition: [1] }, /go together/],
    ['conditionDim without conditions', { hyper: { conditionDim: 1 } }, /go together.*by case id/],
    ['another number of them', { hyper: { conditionDim: 2 }, conditions }, /condition of case 0 .*expected 2 number/],
    [
      'infinite ones',
      { hyper: { conditionDim: 1 }, conditions: { a: [Infinity] } },
      /condition of a is not one finite/,
    ],
    [
      'such a prediction’s',
      { hyper: { conditionDim: 1 }, conditions, predictionCondition: [] },
      /condition of predictionCondition/,
    ],
    ['no input at all', { hyper: { latentDim: 0 } }, /latentDim or conditionDim may be 0, not both/],
    ['negative weights', { latentWeight: -1 }, /at least 0/],
    ['weights of another length', { latentComponentWeights: [1] }, /expected 2 number/],
    ['other penalties', { latentPenalty: 'l3' as 'l1' }, /unknown latentPenalty/],
  ])('%s', (_, options, message) => {
    expect(() => hypersort({ network: small, ...options })).toThrow(message);
  });

  it('cases without a condition', () => {
    const method = hypersort({ network: small, hyper: { conditionDim: 1 }, conditions: { a: [1] } });
    const { init } = method.groups.latents;
    expect(() => (init as (rng: Rng, ids: string[]) => unknown)(Rng.fromSeed(1), ['a', 'b', 'constructor'])).toThrow(
      /2 case\(s\) have no condition \(got \["b","constructor"\]\)/,
    );
  });
});

describe('methodOptions of runs', () => {
  const plan = {
    network: { kind: 'unet3d', inputChannels: 1, classes: 2, features: [2, 4], dropout: null },
    batchSize: 2,
  } as unknown as TrainingPlan;
  const make = (name: string, options: JsonValue) =>
    createMethod(name, { plan, options }, { methods: hypernetMethods });

  it('reach the method', async () => {
    const options = {
      hyper: { latentDim: 3, hidden: [7] },
      learningRate: 0.5,
      latentLearningRate: 0.25,
      schedule: { kind: 'poly' },
      latentPenalty: 'l2',
      latentComponentWeights: [1, 2, 0],
    } as const;
    const made = await make('hypersort', options);
    expect(made.groups.hyper!.optimiser).toMatchObject({ learningRate: 0.5 });
    expect(made.groups.hyper!.schedule).toEqual({ kind: 'poly' });
    expect(made.groups.latents!.optimiser).toMatchObject({ learningRate: 0.25 });
    // What they do not name stays as in short trainings.
    expect(made.groups.latents!.schedule).toEqual({ kind: 'cosine', floor: 0.05 });
    expect(made.streams.train!.batchSize).toBe(2);
    const plain = await make('plain-unet', { learningRate: 0.5 });
    expect(plain.groups.network).toMatchObject({ optimiser: { learningRate: 0.5 }, schedule: { kind: 'cosine' } });
    const robust = await make('t-loss-unet', { nuLearningRate: 0.125 });
    expect(robust.groups.shape!.optimiser).toMatchObject({ learningRate: 0.125 });
    expect([made.name, plain.name, robust.name]).toEqual(['hypersort', 'plain-unet', 't-loss-unet']);
    for (const { name } of hypernetMethods) expect((await make(name, null)).name).toBe(name);
  });

  it.each([
    ['hypersort', { latentRate: 1 }, /method hypersort: unknown name in methodOptions .*latentLearningRate/],
    ['hypersort', { hyper: { latentDims: 2 } }, /methodOptions\.hyper \(got latentDims.*Did you mean "latentDim"/],
    ['hypersort', { latentWeight: '1' }, /methodOptions\.latentWeight cannot be that/],
    ['hypersort', { latentComponentWeights: [1] }, /one for each component/],
    ['plain-unet', { nuLearningRate: 1 }, /method plain-unet: .*expected learningRate \| schedule/],
    ['t-loss-unet', { nuLearningRate: 0 }, /a number above 0/],
  ])('%s refuses %j', async (name, options, message) => {
    await expect(make(name, options)).rejects.toThrow(message);
  });
});

describeBackends('the latents’ penalty of hypersort', () => {
  it.each<[Partial<HyperSortOptions>, number]>([
    [{}, 0.5],
    [{ latentPenalty: 'l2' }, 0.13],
    [{ latentPenalty: 'l2', latentComponentWeights: [0, 10] }, 0.9],
    [{ latentComponentWeights: [1, 0], latentWeight: 3 }, 0.6],
  ])('%j', (options, expected) => {
    const method = hypersort({ network: small, hyper: { hidden: [3] }, ...options });
    const hyper = hyperNetwork(small, { hidden: [3] }).init(Rng.fromSeed(1));
    const params = { hyper, latents: { a: tf.tensor2d([[0.2, -0.3]]) } };
    tf.tidy(() => {
      const image = tf.zeros([1, ...shape, 1]) as tf.Tensor5D;
      const label = tf.zeros([1, ...shape], 'int32') as tf.Tensor4D;
      const { metrics } = method.step({
        params,
        trainable: params,
        batch: { train: { image, label, cases: [{ id: 'a', labelled: true }], extras: {} } },
        ...firstStep,
      });
      expect(Math.abs((metrics!.penalty as tf.Tensor).dataSync()[0]! - expected)).toBeLessThan(FLOAT32_TOLERANCE);
    });
    tf.dispose(params as unknown as tf.TensorContainer);
  });
});
