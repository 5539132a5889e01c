import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { startBackend } from '@seg/backend';
import { type Network, type ParamSpecs, type Params, Rng } from '@seg/core';
import { createParams } from '@seg/ops';
import { disposeState, fit, type Method } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { adversarial } from './method-sketches/adversarial.ts';
import { bayesByBackprop } from './method-sketches/bayes-by-backprop.ts';
import { coTraining } from './method-sketches/co-training.ts';
import { dodNet } from './method-sketches/dodnet.ts';
import { fineTuning } from './method-sketches/fine-tuning.ts';
import { hypersort } from './method-sketches/hypersort.ts';
import { meanTeacher } from './method-sketches/mean-teacher.ts';
import { metaReweighting } from './method-sketches/meta-reweighting.ts';
import { modelsGenesis } from './method-sketches/models-genesis.ts';
import { multitalent } from './method-sketches/multitalent.ts';
import { pickAndLearn } from './method-sketches/pick-and-learn.ts';
import { pint } from './method-sketches/pint.ts';
import { supervised } from './method-sketches/supervised.ts';
import { tLoss } from './method-sketches/t-loss.ts';
import { triNetwork } from './method-sketches/tri-network.ts';
import { blobCases } from './support/blob-cases.ts';
import { tinyNetwork } from './support/tiny-network.ts';

const folder = new URL('./method-sketches/', import.meta.url);
const page = new URL('../../../docs/explanation/methods.md', import.meta.url);
const network = tinyNetwork(3);

/** A network of one linear map, from pooled input to `outputs` numbers a sample. */
function pooled(channels: number, outputs: number): Network<tf.Tensor2D> {
  const paramSpecs: ParamSpecs = {
    kernel: { shape: [channels, outputs], role: 'kernel', init: { kind: 'fanInUniform' } },
  };
  return {
    paramSpecs,
    bufferSpecs: {},
    init: (rng) => createParams(paramSpecs, rng),
    apply: (params, x) => tf.matMul(tf.mean(x, [1, 2, 3]) as tf.Tensor2D, params.kernel as tf.Tensor2D),
  };
}

function scalarOf(inner: Network<tf.Tensor2D>): Network<tf.Tensor1D> {
  return { ...inner, apply: (params, x, ctx) => tf.reshape(inner.apply(params, x, ctx), [-1]) };
}

/** A generator with one linear head a parameter tensor. */
function generator(main: Network): Network<Params> & { generate(params: Params, latent: tf.Tensor): Params } {
  const paramSpecs: ParamSpecs = Object.fromEntries(
    Object.entries(main.paramSpecs).map(([name, { shape }]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, { shape: [3, size], role: 'kernel', init: { kind: 'fanInUniform' } }] as const;
    }),
  );
  const generate = (params: Params, latent: tf.Tensor): Params => {
    const input = tf.concat([latent as tf.Tensor2D, tf.ones([1, 1])], 1) as tf.Tensor2D;
    return Object.fromEntries(
      Object.entries(main.paramSpecs).map(([name, { shape }]) => [
        name,
        tf.reshape(tf.matMul(input, params[name] as tf.Tensor2D), [...shape]),
      ]),
    );
  };
  return {
    paramSpecs,
    bufferSpecs: {},
    init: (rng) => createParams(paramSpecs, rng),
    apply: (params, x) => generate(params, x),
    generate,
  };
}

const body = tinyNetwork(8);
/** ln Gamma's derivative by its asymptotic series, enough for a training step. */
function digamma(x: number): number {
  return x > 6 ? Math.log(x) - 1 / (2 * x) - 1 / (12 * x * x) : digamma(x + 1) - 1 / x;
}

const sketches: Record<string, () => Method<never, never, never>> = Object.fromEntries(
  Object.entries({
    supervised: () => supervised({ ...network, apply: (p, x, ctx) => [network.apply(p, x, ctx)] }),
    hypersort: () => hypersort(network, generator(network), { latentDim: 2, regulariser: 0.1 }),
    pint: () => pint(network, 2),
    'mean-teacher': () => meanTeacher(network),
    'meta-reweighting': () => metaReweighting(network, new Set(['case-0'])),
    'tri-network': () => triNetwork(network),
    'pick-and-learn': () => pickAndLearn(network, scalarOf(pooled(4, 1)), 3),
    'bayes-by-backprop': () => bayesByBackprop(network, { priorSigma: 0.1, klScale: 1e-4 }),
    'fine-tuning': () => {
      const pretrained = network.init(Rng.fromSeed(5));
      return fineTuning(network, pretrained);
    },
    multitalent: () =>
      multitalent(network, [
        { dataset: 'even', values: [1] },
        { dataset: 'odd', values: [1, 2] },
        { dataset: 'odd', values: [2] },
      ]),
    dodnet: () =>
      dodNet(
        {
          body: {
            ...body,
            apply: (params, x, ctx) => {
              const features = body.apply(params, x, ctx);
              return { features, pooled: tf.mean(features, [1, 2, 3]) as tf.Tensor2D };
            },
          },
          controller: pooled(8 + 2, 90),
        },
        ['even', 'odd'],
      ),
    adversarial: () => adversarial(network, scalarOf(pooled(4, 1))),
    'co-training': () => coTraining(network),
    'models-genesis': () => modelsGenesis(tinyNetwork(1), (image, _, rng) => image.map((v) => v + rng.normal())),
    't-loss': () => tLoss(tinyNetwork(2), digamma),
  }),
) as never;

describe('method sketches', () => {
  beforeAll(async () => {
    await startBackend({ name: 'cpu' });
  });

  it('cover every file of their folder', () => {
    const files = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
    expect(files.filter((file) => file !== 'shared').sort()).toEqual(Object.keys(sketches).sort());
  });

  it('are what docs/explanation/methods.md shows, and stay under 150 lines', () => {
    const text = readFileSync(page, 'utf8');
    const shown = [...text.matchAll(/<!-- sketch: ([\w-]+) -->\n```ts\n(.*?)\n```/gs)];
    expect(shown.map(([, name]) => name!).sort()).toEqual([...Object.keys(sketches), 'shared'].sort());
    for (const [, name, code] of shown) {
      const file = new URL(`${name}.ts`, folder);
      expect(existsSync(file), name).toBe(true);
      expect(code, name).toBe(readFileSync(file, 'utf8').trimEnd());
      expect(code!.split('\n').length, name).toBeLessThan(150);
    }
  });

  it.each(Object.keys(sketches))('%s trains under fit as it is', async (name) => {
    const isBinary = name === 't-loss';
    const data = blobCases(5, { shape: [4, 8, 8], labelled: (i) => i < 4 }).map((c) =>
      isBinary && c.label !== undefined ? { ...c, label: c.label.map((v) => Math.min(v, 1)) } : c,
    );
    const method = sketches[name]!();
    const result = await fit(method, {
      data,
      validation: data.slice(0, 1),
      budget: { steps: 3 },
      patchSize: [4, 8, 8],
      validateEvery: 3,
    });
    const { state } = result;
    expect(state.step).toBe(3);
    // Some trained tensor of every group with an optimiser has been updated.
    for (const [group, spec] of Object.entries((method as unknown as Method).groups)) {
      if (spec.optimiser === undefined) continue;
      expect(Object.keys(state.memory[group] ?? {}).length, group).toBeGreaterThan(0);
    }
    for (const group of Object.values(state.groups)) {
      for (const tensor of Object.values(group)) {
        expect([...tensor.dataSync()].every(Number.isFinite)).toBe(true);
      }
    }
    disposeState(state);
  });
});
