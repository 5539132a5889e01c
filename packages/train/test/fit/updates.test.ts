import { defineMethod, disposeState, fit, lossGradients } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import type { OptimiserConfig } from '../../src/optimiser/optimiser-config.ts';
import { blobCases } from '../support/blob-cases.ts';

/** float32 arithmetic over ten steps against float64. */
const RELATIVE_TOLERANCE = 1e-5;
const start = [1, -2, 3];
const target = [0.5, 0.5, -1];
const data = blobCases(2, { shape: [4, 4, 4] });

/** A method whose loss is 3 |w - target|^2; parameter "rare" has a gradient in every second step only. */
function quadratic(optimiser: OptimiserConfig, clipNorm?: number) {
  return defineMethod({
    name: 'quadratic',
    groups: {
      weights: {
        init: () => ({ always: tf.tensor1d(start), rare: tf.tensor1d(start) }),
        optimiser,
        ...(clipNorm === undefined ? {} : { clipNorm }),
      },
      copy: { init: { copyOf: 'weights' } },
    },
    averages: { copy: { of: 'weights', decay: 0.8 } },
    streams: { train: { batchSize: 1 } },
    step: ({ params, step }) => {
      const { always, rare } = params.weights;
      const wrt = step % 2 === 0 ? { always: always!, rare: rare! } : { always: always! };
      return lossGradients({ weights: wrt }, () =>
        tf.addN(Object.values(wrt).map((w) => tf.mul(3, tf.sum(tf.squaredDifference(w, target))))),
      );
    },
    predictor: () => ({ apply: (x) => x }),
  });
}

interface Reference {
  readonly w: number[];
  readonly m: number[];
  readonly v: number[];
  t: number;
}
const fresh = (): Reference => ({ w: [...start], m: [0, 0, 0], v: [0, 0, 0], t: 0 });
const gradient = ({ w }: Reference) => w.map((x, i) => 6 * (x - target[i]!));

function sgd(r: Reference, g: number[], rate: number): void {
  r.t++;
  g.forEach((gi, i) => {
    const d = gi + 0.01 * r.w[i]!;
    r.m[i] = 0.9 * r.m[i]! + d;
    r.w[i]! -= rate * (d + 0.9 * r.m[i]!);
  });
}

function adamw(r: Reference, g: number[], rate: number): void {
  r.t++;
  g.forEach((gi, i) => {
    r.w[i]! *= 1 - rate * 0.01;
    r.m[i] = 0.9 * r.m[i]! + 0.1 * gi;
    r.v[i] = 0.999 * r.v[i]! + 0.001 * gi ** 2;
    r.w[i]! -= (rate * (r.m[i]! / (1 - 0.9 ** r.t))) / (Math.sqrt(r.v[i]! / (1 - 0.999 ** r.t)) + 1e-8);
  });
}

describeBackends('updates of fit', () => {
  it.each([
    [
      'SGD with Nesterov momentum and decay',
      { kind: 'sgd', learningRate: 0.02, weightDecay: 0.01 },
      sgd,
      0.02,
      undefined,
    ],
    ['AdamW', { kind: 'adam', learningRate: 0.1, weightDecay: 0.01 }, adamw, 0.1, undefined],
    ['clipped SGD', { kind: 'sgd', learningRate: 0.02, weightDecay: 0.01 }, sgd, 0.02, 2],
  ] as const)(
    '%s follows float64 loops with the poly schedule, each parameter by its own count',
    async (_, optimiser, rule, rate, clip) => {
      const steps = 10;
      const { state } = await fit(quadratic(optimiser, clip), {
        data,
        budget: { steps },
        patchSize: [4, 4, 4],
        ema: 0.5,
      });
      const always = fresh();
      const rare = fresh();
      const copy = [...start];
      const slow = [...start];
      for (let t = 0; t < steps; t++) {
        const parts = t % 2 === 0 ? [always, rare] : [always];
        const gradients = parts.map(gradient);
        const norm = Math.hypot(...gradients.flat());
        const scale = clip === undefined ? 1 : Math.min(1, clip / (norm + 1e-6));
        for (const [i, part] of parts.entries()) {
          const scaled = gradients[i]!.map((g) => g * scale);
          rule(part, scaled, rate * (1 - t / steps) ** 0.9);
        }
        const decay = Math.min(0.5, (2 + t) / (11 + t));
        always.w.forEach((w, i) => {
          copy[i] = 0.8 * copy[i]! + 0.2 * w;
          slow[i] = decay * slow[i]! + (1 - decay) * w;
        });
      }
      const close = (tensor: tf.Tensor, expected: number[]) => {
        const values = tensor.dataSync();
        for (const [i, v] of expected.entries()) expect(Math.abs(values[i]! - v)).toBeLessThan(RELATIVE_TOLERANCE * 3);
      };
      close(state.groups.weights!.always!, always.w);
      close(state.groups.weights!.rare!, rare.w);
      close(state.groups.copy!.always!, copy);
      close(state.ema!.weights!.always!, slow);
      expect(state.memory.weights!.always!.steps).toBe(10);
      expect(state.memory.weights!.rare!.steps).toBe(5);
      disposeState(state);
    },
  );

  it('stops with an error, keeping nothing, when the loss diverges', async () => {
    const before = tf.memory().numTensors;
    const diverging = quadratic({ kind: 'sgd', learningRate: 1e30 });
    await expect(fit(diverging, { data, budget: { steps: 50 }, patchSize: [4, 4, 4] })).rejects.toMatchObject({
      code: 'numerical-failure',
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describeBackends('a state that follows from the metrics', () => {
  it('is what the function makes of the numbers of each step', async () => {
    const method = defineMethod<'weights', 'train', number[]>({
      name: 'remembers',
      groups: { weights: { init: () => ({ w: tf.tensor1d(start) }), optimiser: { kind: 'sgd', learningRate: 0.01 } } },
      streams: { train: { batchSize: 1 } },
      initialState: () => [],
      step: ({ params, state }) => ({
        ...lossGradients({ weights: params.weights }, () => tf.sum(tf.square(params.weights.w!))),
        nextState: ({ loss }) => [...state, loss!],
      }),
      predictor: () => ({ apply: (x) => x }),
    });
    const losses: number[] = [];
    const { state } = await fit(method, {
      data,
      budget: { steps: 3 },
      patchSize: [4, 4, 4],
      logEvery: 1,
      onLog: (record) => {
        if (record.kind === 'train') losses.push(record.metrics.loss!);
      },
    });
    expect(state.method).toEqual(losses);
    expect(losses.length).toBe(3);
    disposeState(state);
  });
});
