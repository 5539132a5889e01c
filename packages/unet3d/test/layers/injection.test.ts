import { disposeParams, type Params, Rng } from '@seg/core';
import { randomNormal } from '@seg/ops';
import { unet3d } from '@seg/unet3d';
import {
  type BlockStyle,
  convBlock,
  decoder,
  encoderDecoder,
  type Inject,
  type Injection,
  sequence,
} from '@seg/unet3d/layers';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';

const unit = [1, 1, 1] as const;
const half = [2, 2, 2] as const;
const cube = [3, 3, 3] as const;
const features = [4, 6];
const style: BlockStyle = {
  norm: 'instance',
  groups: 8,
  epsilon: 1e-5,
  activation: 'leakyRelu',
  negativeSlope: 0.01,
  order: 'conv-norm-act',
  init: 'kaiming',
  convBias: true,
};

/** A U-Net of two stages whose decoder takes further channels, composed of the exported layers. */
function composed(injected: { stages?: readonly number[]; head?: number }, injection: Injection, recompute = false) {
  const stages = features.map((outputs, s) =>
    sequence(
      [0, 1].map((i) =>
        convBlock({
          stage: `encoder.${s}`,
          index: i + 1,
          inputs: i === 1 ? outputs : s === 0 ? 1 : features[s - 1]!,
          outputs,
          kernel: cube,
          strides: s === 1 && i === 0 ? half : unit,
          style,
        }),
      ),
    ),
  );
  return encoderDecoder({
    where: 'composed',
    inputChannels: 1,
    strides: [unit, half],
    stages,
    hasDropout: false,
    single: true,
    injection,
    decoder: decoder({
      features,
      kernels: [cube, cube],
      strides: [unit, half],
      convs: [2],
      classes: 3,
      up: 'transposedConv',
      upKernelFactor: 1,
      upBias: false,
      upBlock: false,
      skipOrder: 'up-skip',
      headKernel: unit,
      headBias: true,
      headHidden: [],
      deepSupervision: false,
      recompute,
      style,
      dropout: () => undefined,
      injected,
    }),
  });
}

const without = (inject: Inject): Injection => ({ params: {}, buffers: {}, inject: () => inject });

/** Parameters of the plain U-Net: those of the composed one without the rows of the injected channels. */
function plainParams(params: Params): Params {
  const { params: specs } = { params: unet3d({ classes: 3, features }).paramSpecs };
  return Object.fromEntries(
    Object.entries(params).map(([name, tensor]) => [
      name,
      tf.slice(
        tensor,
        tensor.shape.map(() => 0),
        [...specs[name]!.shape],
      ),
    ]),
  );
}

describeBackends('decoders that take further channels', () => {
  it('equal the plain U-Net where nothing but zeros comes in, and add the head kernel times what does', () => {
    const tensors = tf.memory().numTensors;
    const asked: (number | 'head')[] = [];
    let head = 0;
    const network = composed(
      { stages: [2], head: 1 },
      without((place, _below, skip) => {
        asked.push(place);
        const [n, d, h, w] = skip.shape;
        return place === 'head' ? tf.fill([n, d, h, w, 1], head) : tf.zeros([n, d, h, w, 2]);
      }),
    );
    const params = network.init(Rng.fromSeed(1));
    const x = randomNormal([2, 6, 4, 8, 1], Rng.fromSeed(2)) as tf.Tensor5D;
    tf.tidy(() => {
      const plain = unet3d({ classes: 3, features }).apply(plainParams(params), x);
      const zero = network.apply(params, x) as tf.Tensor5D;
      expect(tf.max(tf.abs(tf.sub(plain, zero))).dataSync()[0]).toBeLessThan(1e-5);
      expect(asked).toEqual([0, 'head']);
      head = 0.5;
      const shifted = network.apply(params, x) as tf.Tensor5D;
      // The head is a 1x1x1 convolution, whose last input row [3] belongs to the injected channel.
      const row = tf.slice(params['head.0.kernel']!, [0, 0, 0, 4, 0], [1, 1, 1, 1, 3]);
      const expected = tf.add(zero, tf.mul(row, 0.5));
      expect(tf.max(tf.abs(tf.sub(shifted, expected))).dataSync()[0]).toBeLessThan(1e-5);
    });
    x.dispose();
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each([false, true])('let gradients through to what is injected (recompute %s)', (recompute) => {
    const tensors = tf.memory().numTensors;
    const injection: Injection = {
      params: { 'latent.scale': { shape: [1], role: 'scale', init: { kind: 'constant', value: 0.7 } } },
      buffers: {},
      inject:
        ({ params }) =>
        (_place, below, skip) =>
          tf.tidy(() => {
            const [n, d, h, w] = skip.shape;
            const mean = tf.mean(below, [1, 2, 3, 4], true);
            return tf.mul(tf.mul(tf.ones([n, d, h, w, 2]), mean), params['latent.scale']!) as tf.Tensor5D;
          }),
    };
    const network = composed({ stages: [2] }, injection, recompute);
    const params = network.init(Rng.fromSeed(3));
    expect(Object.keys(params)).toContain('latent.scale');
    const x = randomNormal([1, 4, 4, 4, 1], Rng.fromSeed(4)) as tf.Tensor5D;
    const loss = (scale: tf.Tensor) =>
      tf.tidy(
        () => tf.mean(tf.square(network.apply({ ...params, 'latent.scale': scale }, x) as tf.Tensor5D)) as tf.Scalar,
      );
    const gradient = tf.grad((scale: tf.Tensor) => loss(scale))(params['latent.scale']!);
    const step = 1e-2;
    const at = (value: number) => {
      const scale = tf.tensor1d([value]);
      const result = loss(scale);
      const [number] = result.dataSync();
      tf.dispose([scale, result]);
      return number!;
    };
    const numeric = (at(0.7 + step) - at(0.7 - step)) / (2 * step);
    expect(Math.abs(numeric)).toBeGreaterThan(1e-4);
    expect(gradient.dataSync()[0]! / numeric).toBeCloseTo(1, 1);
    tf.dispose([x, gradient]);
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('refuse tensors of another size, and nothing at all', () => {
    const wrong = composed(
      { stages: [2] },
      without((_place, below) => tf.clone(below)),
    );
    const params = wrong.init(Rng.fromSeed(1));
    const x = tf.zeros([1, 4, 4, 4, 1]) as tf.Tensor5D;
    const before = tf.memory().numTensors;
    expect(() => wrong.apply(params, x)).toThrow(
      /injected into decoder stage 0.*got.*\[1,2,2,2,6\].*expected.*\[1,4,4,4,2\]/s,
    );
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    disposeParams(params);
  });
});
