import { countParams, disposeParams, type Params, Rng } from '@seg/core';
import {
  createNetwork,
  hyperSortUnet,
  type NetworkSpec,
  unet3d,
  unet3dConfig,
  withoutDeepSupervision,
} from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';

const noise = (shape: tf.Tensor5D['shape'], seed: number) =>
  tf.tensor5d(Rng.fromSeed(seed).fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))), shape);

/** Directional derivative of a float64 sum of logits by one parameter, from the tape and from central differences. */
function slopes(config: NetworkSpec, input: tf.Tensor5D['shape']): { name: string; tape: number; numeric: number }[] {
  const network = createNetwork(config);
  const params = network.init(Rng.fromSeed(4));
  const x = noise(input, 5);
  const run = (params: Params) => network.apply(params, x, { statistics: 'batch' }) as tf.Tensor5D;
  const weights = tf.tidy(() => noise(run(params).shape, 6).dataSync());
  const names = Object.keys(params);
  const grads = tf.grads((...values: tf.Tensor[]) =>
    tf.sum(
      tf.mul(tf.reshape(run(Object.fromEntries(names.map((n, i) => [n, values[i]!]))), [-1]), tf.tensor1d(weights)),
    ),
  )(Object.values(params));
  const results = names.map((name, k) => {
    const param = params[name]!;
    const direction = tf.tensor(Rng.fromSeed(100 + k).fillNormal(new Float32Array(param.size)), param.shape);
    const at = (step: number) =>
      tf.tidy(() => {
        const moved = tf.add(param, tf.mul(direction, step));
        const logits = Array.from(run({ ...params, [name]: moved }).dataSync());
        return logits.reduce((s, v, i) => s + v * weights[i]!, 0);
      });
    const step = 3e-3;
    const numeric = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
    const tape = tf.tidy(() => tf.sum(tf.mul(grads[k]!, direction)).dataSync()[0]!);
    direction.dispose();
    return { name, tape, numeric };
  });
  tf.dispose([x, ...grads]);
  disposeParams(params);
  return results;
}

describeBackends('unet3d', () => {
  // Smooth networks only (no kinks within the step): slope 1 is linear, so the norms carry the nonlinearity. The fourth-order
  // difference is exact to about 1e-4 of the largest slope with float32 logits.
  const linear = { activation: 'leakyRelu', negativeSlope: 1 } as const;
  it.each([
    { config: { kind: 'unet3d', classes: 2, features: [2, 4], ...linear }, input: [2, 4, 6, 4, 1] },
    {
      config: { kind: 'unet3d', classes: 2, features: [4, 4], norm: 'group', groups: 2, ...linear },
      input: [1, 4, 4, 4, 1],
    },
    {
      config: { kind: 'unet3d', classes: 2, features: [2, 4], norm: 'batch', up: 'trilinear', ...linear },
      input: [2, 4, 4, 4, 1],
    },
    {
      config: { kind: 'unet3d', dims: 2, classes: 2, features: [3, 4], upKernel: 'double', ...linear },
      input: [2, 1, 8, 4, 1],
    },
    {
      config: {
        kind: 'resEncUnet3d',
        classes: 2,
        features: [2, 4],
        blocksPerStage: 1,
        zeroInitResidual: false,
        ...linear,
      },
      input: [1, 4, 4, 4, 1],
    },
  ] as { config: NetworkSpec; input: tf.Tensor5D['shape'] }[])(
    'gradients equal central differences, layer by layer: $config',
    ({ config, input }) => {
      const before = tf.memory().numTensors;
      const all = slopes(config, input);
      const scale = Math.max(...all.map((s) => Math.abs(s.numeric)));
      for (const { name, tape, numeric } of all) expect(Math.abs(tape - numeric) / scale, name).toBeLessThan(5e-4);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('has the parameters of the published networks', () => {
    expect(countParams(hyperSortUnet().paramSpecs)).toBe(3_327_122);
    // 1 x 16 stem and so on, counted by hand for two stages: convolutions, norms, up, head.
    const conv = (i: number, o: number) => 27 * i * o + 3 * o;
    const expected =
      conv(1, 4) + conv(4, 4) + conv(4, 8) + conv(8, 8) + 8 * 8 * 4 + conv(8, 4) + conv(4, 4) + 4 * 3 + 3;
    expect(countParams(unet3d({ classes: 3, features: [4, 8] }).paramSpecs)).toBe(expected);
    // nnU-Net's: version 2 has biases in transposed convolutions (one here, to 4 channels), version 1 none in the head.
    const version = (more: object) => countParams(unet3d({ classes: 3, features: [4, 8], ...more }).paramSpecs);
    expect(version({ upBias: true, deepSupervision: true })).toBe(expected + 4);
    expect(version({ headBias: false, deepSupervision: true })).toBe(expected - 3);
  });

  it('treats the samples of a batch alike and apart', () => {
    const network = unet3d({ classes: 2, features: [4, 6] });
    tf.tidy(() => {
      const params = network.init(Rng.fromSeed(1));
      const [a, b] = [noise([1, 4, 4, 6, 1], 1), noise([1, 4, 4, 6, 1], 2)];
      const both = network.apply(params, tf.concat([a, b])).dataSync();
      const apart = [a, b].flatMap((x) => Array.from(network.apply(params, x).dataSync()));
      const worst = Math.max(...apart.map((v, i) => Math.abs(v - both[i]!)));
      expect(worst).toBeLessThan(1e-5); // float32
      disposeParams(params);
    });
  });

  it('is a 2-D network on slices with dims 2', () => {
    const network = unet3d({ dims: 2, classes: 2, features: [3, 4], norm: 'none' });
    expect(network.paramSpecs['encoder.1.conv1.kernel']!.shape).toEqual([1, 3, 3, 3, 4]);
    expect(network.paramSpecs['decoder.0.up.kernel']!.shape).toEqual([1, 2, 2, 3, 4]);
    tf.tidy(() => {
      const params = network.init(Rng.fromSeed(1));
      const x = noise([1, 3, 4, 6, 1], 3);
      const stacked = tf.concat(
        tf.split(x, 3, 1).map((slice) => network.apply(params, slice as tf.Tensor5D)),
        1,
      );
      const whole = network.apply(params, x);
      expect(tf.max(tf.abs(tf.sub(whole, stacked))).dataSync()[0]).toBeLessThan(1e-5); // float32
      disposeParams(params);
    });
  });

  it('gives logits of every decoder stage with deep supervision, and can do without', () => {
    const before = tf.memory().numTensors;
    const network = unet3d({ classes: 2, features: [2, 3, 4, 5], deepSupervision: true });
    const params = network.init(Rng.fromSeed(1));
    const x = noise([1, 8, 8, 16, 1], 1);
    const outputs = network.apply(params, x);
    expect(outputs.map((z) => z.shape)).toEqual([[1, 8, 8, 16, 2], [1, 4, 4, 8, 2], [1, 2, 2, 4, 2]]); // biome-ignore format: shapes
    const finest = withoutDeepSupervision(network).apply(params, x);
    expect(Array.from(finest.dataSync())).toEqual(Array.from(outputs[0]!.dataSync()));
    tf.dispose([x, ...outputs, finest]);
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('hands out taps that outlive the pass', () => {
    const before = tf.memory().numTensors;
    const network = unet3d({ classes: 2, features: [2, 3, 4] });
    const params = network.init(Rng.fromSeed(1));
    const x = noise([1, 4, 4, 4, 1], 1);
    const taps: Record<string, tf.Tensor> = {};
    const logits = network.apply(params, x, { taps: (name, value) => (taps[name] = value) });
    const shapes = Object.fromEntries(Object.entries(taps).map(([name, t]) => [name, t.shape]));
    expect(shapes).toEqual({
      'encoder.0': [1, 4, 4, 4, 2],
      'encoder.1': [1, 2, 2, 2, 3],
      'encoder.2': [1, 1, 1, 1, 4],
      'decoder.1': [1, 2, 2, 2, 3],
      'decoder.0': [1, 4, 4, 4, 2],
    });
    expect(taps['decoder.0']!.dataSync().some((v: number) => v !== 0)).toBe(true);
    tf.dispose([x, logits, ...Object.values(taps)]);
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('draws dropout from the key, where it is given one', () => {
    const network = unet3d({ classes: 2, features: [4, 8], dropout: { rate: 0.5, places: 'middle', each: 'block' } });
    tf.tidy(() => {
      const params = network.init(Rng.fromSeed(1));
      const x = noise([1, 4, 4, 4, 1], 1);
      const run = (dropout: Rng | 'none') =>
        Array.from(network.apply(params, x, { statistics: 'batch', dropout }).dataSync());
      const rng = Rng.fromSeed(9);
      const first = run(rng);
      expect(run(Rng.fromSeed(9))).toEqual(first);
      expect(run(rng)).not.toEqual(first);
      expect(run('none')).toEqual(Array.from(network.apply(params, x).dataSync()));
      // Monte Carlo dropout: the same draw while everything else evaluates.
      const sample = network.apply(params, x, { dropout: Rng.fromSeed(9) });
      expect(Array.from(sample.dataSync())).toEqual(first);
      expect(() => network.apply(params, x, { statistics: 'batch' })).toThrow(/rng/);
      disposeParams(params);
    });
  });

  it('keeps the running statistics of batch norm in buffers', () => {
    const before = tf.memory().numTensors;
    const network = unet3d({ classes: 2, features: [2, 4], norm: 'batch' });
    const params = network.init(Rng.fromSeed(1));
    const buffers: Record<string, tf.Tensor> = Object.fromEntries(
      Object.entries(network.bufferSpecs).map(([name, { shape }]) => [
        name,
        tf.fill([...shape], name.endsWith('variance') ? 1 : 0),
      ]),
    );
    const x = noise([2, 4, 4, 4, 1], 1);
    const batch = network.apply(params, x, { statistics: 'batch' });
    for (let i = 0; i < 120; i++) {
      const updateBuffer = (name: string, value: tf.Tensor) => {
        buffers[name]!.dispose();
        buffers[name] = value;
      };
      network.apply(params, x, { statistics: 'batch', buffers, updateBuffer }).dispose();
    }
    // After 120 steps of momentum 0.1 they are this batch's statistics but for the unbiased variance's factor n / (n - 1),
    // at worst 16 / 15 in the lowest stage.
    const settled = network.apply(params, x, { buffers });
    const worst = tf.tidy(() => tf.max(tf.abs(tf.sub(settled, batch))).dataSync()[0]!);
    const largest = tf.tidy(() => tf.max(tf.abs(batch)).dataSync()[0]!);
    expect(worst / largest).toBeLessThan(0.1);
    expect(() => network.apply(params, x)).toThrow(/running statistics/);
    tf.dispose([x, batch, settled, ...Object.values(buffers)]);
    disposeParams(params);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is rebuilt from its JSON', () => {
    const size = fc.integer({ min: 1, max: 3 });
    const arbitrary = fc.record({
      dims: fc.constantFrom(2 as const, 3 as const),
      features: fc.array(fc.constantFrom(2, 4), { minLength: 1, maxLength: 3 }),
      convsPerStage: size,
      norm: fc.constantFrom('none' as const, 'instance' as const, 'group' as const),
      activation: fc.constantFrom('relu' as const, 'leakyRelu' as const, 'prelu' as const),
      order: fc.constantFrom('conv-norm-act' as const, 'conv-act-norm' as const),
      down: fc.constantFrom('stridedConv' as const, 'maxPool' as const),
      up: fc.constantFrom('transposedConv' as const, 'trilinear' as const),
      upKernel: fc.constantFrom('stride' as const, 'double' as const),
      upBlock: fc.boolean(),
      deepSupervision: fc.boolean(),
      headKernel: fc.constantFrom(1 as const, 3 as const),
    });
    fc.assert(
      fc.property(arbitrary, (options) => {
        const before = tf.memory().numTensors;
        const network = createNetwork({ kind: 'unet3d', classes: 2, groups: 2, ...options });
        const again = createNetwork(JSON.parse(JSON.stringify(network.config)) as NetworkSpec);
        expect(again.config).toEqual(network.config);
        expect(again.paramSpecs).toEqual(network.paramSpecs);
        const params = network.init(Rng.fromSeed(2));
        const x = noise([1, 4, 4, 8, 1], 3);
        const run = (n: typeof network) => {
          const out = n.apply(params, x);
          return Array.isArray(out) ? out : [out];
        };
        const [one, two] = [run(network), run(again)];
        expect(one[0]!.shape).toEqual([1, 4, 4, 8, 2]);
        expect(two.map((z) => Array.from(z.dataSync()))).toEqual(one.map((z) => Array.from(z.dataSync())));
        tf.dispose([x, ...one, ...two]);
        disposeParams(params);
        expect(tf.memory().numTensors).toBe(before);
      }),
      { numRuns: 15, seed: 11 },
    );
  });

  it('refuses configurations, inputs and parameters that do not fit', () => {
    const classes = 2;
    expect(() => unet3dConfig({ classes, features: [4], featurs: 3 } as never)).toThrow(/Did you mean "features"/);
    expect(() => unet3d({ classes, features: [4], norm: 'instanc' as never })).toThrow(/Did you mean "instance"/);
    expect(() => unet3d({ classes, features: [] })).toThrow(/at least one stage/);
    expect(() => unet3d({ classes: 0, features: [4] })).toThrow(/classes/);
    expect(() => unet3d({ classes, features: [4, 8], kernels: 2 })).toThrow(/odd/);
    expect(() => unet3d({ classes, features: [4, 6], norm: 'group', groups: 4 })).toThrow(/groups/);
    expect(() => unet3d({ classes, features: [4, 8], strides: [1, 3], upKernel: 'double' })).toThrow(/double/);
    expect(() => unet3d({ classes, features: [4, 8], dropout: { rate: 0.5, places: ['encoder.7'] } })).toThrow(
      /encoder\.7/,
    );
    expect(() => unet3d({ classes, features: [4, 8], dropout: { rate: 1 } })).toThrow(/rate/);
    expect(() => createNetwork({ kind: 'unet' } as never)).toThrow(/kind/);
    const network = unet3d({ classes, features: [2, 4] });
    tf.tidy(() => {
      const params = network.init(Rng.fromSeed(1));
      expect(() => network.apply(params, noise([1, 4, 5, 4, 1], 1))).toThrow(/multiples of \[2,2,2\]/);
      expect(() => network.apply(params, noise([1, 4, 4, 4, 2], 1))).toThrow(/input does not fit/);
      expect(() => network.apply({}, noise([1, 4, 4, 4, 1], 1))).toThrow(/parameters do not fit/);
      disposeParams(params);
    });
  });
});
