import { disposeParams, isSegError, Rng, type SegErrorCode, type Triple } from '@seg/core';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import { hyperNetwork, type StyleImage, styleModel } from '../src/index.ts';

const shape: Triple = [4, 6, 4];
const image: StyleImage = { image: new Float32Array(96).fill(0.5), shape, channels: 1 };
const network = hyperSortUnet({ baseFeatures: 2, levels: 1, convs: 1 });
const hyper = hyperNetwork(network, { hidden: [5] });

function modelOf(net = hyper) {
  const params = net.init(Rng.fromSeed(2));
  const model = styleModel(network, net, params);
  disposeParams(params);
  return model;
}

async function expectRefusal(run: () => unknown, code: SegErrorCode, message: RegExp) {
  const error = await (async () => run())().then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(isSegError(error, code), String(error)).toBe(true);
  expect(String(error)).toMatch(message);
}

describeBackends('styleModel refuses', () => {
  it('latents that are none, without a tensor left', async () => {
    const model = modelOf();
    const before = tf.memory().numTensors;
    const cases = [
      [[0, Number.NaN], 'invalid-argument', /the latent must be finite \(got \["0","NaN"\]\)/],
      [[Number.POSITIVE_INFINITY, 0], 'invalid-argument', /must be finite/],
      [[0], 'shape-mismatch', /another length.*\(got 1, expected 2\)/],
      [[0, 0, 0], 'shape-mismatch', /another length.*\(got 3, expected 2\)/],
    ] as const;
    for (const [latent, code, message] of cases) {
      await expectRefusal(() => model.segment(image, latent), code, message);
      await expectRefusal(() => model.probabilities(image, latent), code, /^SegError: StyleModel\.probabilities: /);
      await expectRefusal(() => model.networkAt(latent), code, /^SegError: StyleModel\.networkAt: /);
    }
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('images that are none, without a tensor left', async () => {
    const model = modelOf();
    const before = tf.memory().numTensors;
    const bad = (change: Partial<StyleImage>, code: SegErrorCode, message: RegExp) =>
      expectRefusal(() => model.segment({ ...image, ...change }, [0, 0]), code, message);
    await bad({ shape: [4, 6, 6] }, 'shape-mismatch', /another number of values.*\(got 96, expected 144\)/);
    await bad({ shape: [4, 24] as unknown as Triple }, 'shape-mismatch', /no channels or no shape/);
    await bad({ shape: [4.5, 6, 4] }, 'shape-mismatch', /no channels or no shape/);
    await bad({ channels: 0 }, 'shape-mismatch', /no channels or no shape/);
    await bad({ channels: 2 }, 'shape-mismatch', /got 96, expected 192/);
    // What the network itself cannot take.
    await bad({ channels: 2, image: new Float32Array(192) }, 'shape-mismatch', /hyperSortUnet|unet/i);
    await bad({ shape: [4, 8, 3] }, 'shape-mismatch', /hyperSortUnet|unet/i);
    const odd = image.image.with(7, Number.NaN);
    await bad({ image: odd }, 'invalid-argument', /values that are not finite \(got NaN\)/);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('parameters of another hypernetwork', () => {
    const params = hyperNetwork(network, { hidden: [4] }).init(Rng.fromSeed(2));
    expect(() => styleModel(network, hyper, params)).toThrow(/styleModel: the parameters do not fit/);
    disposeParams(params);
  });

  it('nothing of a latent with its conditions', async () => {
    const model = modelOf(hyperNetwork(network, { hidden: [5], conditionDim: 1 }));
    expect((await model.segment(image, [0, 0, 1])).length).toBe(96);
    await expectRefusal(() => model.segment(image, [0, 0]), 'shape-mismatch', /got 2, expected 3\). Conditions/);
    model.dispose();
  });
});
