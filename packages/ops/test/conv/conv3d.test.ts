import { isSegError } from '@seg/core';
import { type Conv3dOptions, conv3d } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkOp, randomValues, relativeError, toTensor } from '../support/gradients.ts';
import { convReference } from '../support/reference.ts';

type Triple = readonly [number, number, number];
type Pads = readonly [readonly [number, number], readonly [number, number], readonly [number, number]];

interface Case {
  readonly name: string;
  readonly x: readonly number[];
  readonly kernel: readonly number[];
  readonly options: Conv3dOptions;
  readonly pads: Pads;
  readonly strides?: Triple;
  readonly dilations?: Triple;
}

const none: Pads = [[0, 0], [0, 0], [0, 0]]; // biome-ignore format: one line says it
const one: Pads = [[1, 1], [1, 1], [1, 1]]; // biome-ignore format: one line says it

const cases: readonly Case[] = [
  { name: '3x3x3 same, odd sizes, batch 2', x: [2, 3, 4, 5, 2], kernel: [3, 3, 3, 2, 3], options: {}, pads: one },
  { name: '3x3x3 stride 2 padding 1, even sizes (PyTorch)', x: [2, 4, 6, 4, 2], kernel: [3, 3, 3, 2, 2], options: { strides: 2, padding: 1 }, pads: one, strides: [2, 2, 2] },
  { name: '3x3x3 stride 2 same, even sizes (TensorFlow)', x: [1, 4, 6, 4, 2], kernel: [3, 3, 3, 2, 2], options: { strides: 2 }, pads: [[0, 1], [0, 1], [0, 1]], strides: [2, 2, 2] },
  { name: '3x3x3 stride 2 padding 1, odd sizes', x: [1, 5, 3, 7, 1], kernel: [3, 3, 3, 1, 2], options: { strides: 2, padding: 1 }, pads: one, strides: [2, 2, 2] },
  { name: '1x3x3 stride (1, 2, 2)', x: [2, 3, 6, 4, 2], kernel: [1, 3, 3, 2, 2], options: { strides: [1, 2, 2], padding: [0, 1, 1] }, pads: [[0, 0], [1, 1], [1, 1]], strides: [1, 2, 2] },
  { name: '3x1x1', x: [1, 4, 3, 2, 2], kernel: [3, 1, 1, 2, 2], options: { padding: [1, 0, 0] }, pads: [[1, 1], [0, 0], [0, 0]] },
  { name: '2x2x2 stride 2 valid, odd sizes', x: [1, 5, 4, 3, 2], kernel: [2, 2, 2, 2, 2], options: { strides: 2, padding: 'valid' }, pads: none, strides: [2, 2, 2] },
  { name: 'asymmetric explicit', x: [2, 3, 4, 3, 1], kernel: [2, 3, 2, 1, 2], options: { padding: [[2, 0], [0, 3], [1, 2]] }, pads: [[2, 0], [0, 3], [1, 2]] },
  { name: '1x1x1 stride 2 same', x: [1, 4, 4, 3, 2], kernel: [1, 1, 1, 2, 2], options: { strides: 2 }, pads: none, strides: [2, 2, 2] },
  { name: 'stride 3, kernel 5', x: [1, 7, 6, 5, 1], kernel: [5, 5, 5, 1, 2], options: { strides: 3, padding: 2 }, pads: [[2, 2], [2, 2], [2, 2]], strides: [3, 3, 3] },
  { name: 'dilation 2 same', x: [2, 5, 4, 6, 2], kernel: [3, 3, 3, 2, 2], options: { dilations: 2 }, pads: [[2, 2], [2, 2], [2, 2]], dilations: [2, 2, 2] },
  { name: 'dilation (1, 2, 3) explicit', x: [1, 3, 5, 8, 1], kernel: [2, 2, 3, 1, 2], options: { dilations: [1, 2, 3], padding: [[0, 1], [1, 0], [3, 2]] }, pads: [[0, 1], [1, 0], [3, 2]], dilations: [1, 2, 3] },
  { name: 'dilation 2 with stride 2', x: [1, 7, 6, 6, 1], kernel: [3, 3, 2, 1, 2], options: { dilations: 2, strides: 2, padding: 2 }, pads: [[2, 2], [2, 2], [2, 2]], dilations: [2, 2, 2], strides: [2, 2, 2] },
]; // biome-ignore format: a table

describeBackends('conv3d', () => {
  it.each(cases)('$name: forward and all gradients match float64 loops', ({ x, kernel, options, ...settings }) => {
    const bias = randomValues([kernel[4]!], 3);
    checkOp({
      inputs: [randomValues(x, 1), randomValues(kernel, 2), bias],
      op: (x, kernel, bias) => conv3d(x as tf.Tensor5D, kernel, { ...options, bias: bias! }),
      reference: (x, kernel, bias) => convReference(x!, kernel!, bias, { strides: [1, 1, 1], ...settings }),
    });
  });

  it('agrees with float64 loops for any kernel, stride, dilation and padding', () => {
    const small = fc.integer({ min: 1, max: 6 });
    const tap = fc.integer({ min: 1, max: 4 });
    const step = fc.integer({ min: 1, max: 3 });
    const pad = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));
    const triple = <T>(a: fc.Arbitrary<T>) => fc.tuple(a, a, a);
    const arbitrary = fc.record({
      size: triple(small), taps: triple(tap), strides: triple(step), dilations: triple(fc.integer({ min: 1, max: 2 })),
      pads: triple(pad), batch: fc.integer({ min: 1, max: 2 }), inputs: fc.integer({ min: 1, max: 3 }), outputs: fc.integer({ min: 1, max: 3 }),
    }); // biome-ignore format: compact
    const fits = (v: { size: Triple; taps: Triple; dilations: Triple; pads: Pads }) =>
      v.size.every((n, a) => n + v.pads[a]![0] + v.pads[a]![1] >= (v.taps[a]! - 1) * v.dilations[a]! + 1);
    fc.assert(
      fc.property(arbitrary.filter(fits), ({ size, taps, strides, dilations, pads, batch, inputs, outputs }) => {
        const x = randomValues([batch, ...size, inputs], 5);
        const kernel = randomValues([...taps, inputs, outputs], 6);
        const expected = convReference(x, kernel, undefined, { strides, dilations, pads });
        const error = tf.tidy(() => {
          const y = conv3d(toTensor(x) as tf.Tensor5D, toTensor(kernel), { strides, dilations, padding: pads });
          return relativeError(y.dataSync(), expected.data);
        });
        expect(error).toBeLessThan(1e-5); // float32 sums of up to 192 products
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('computes no gradient that nobody asked for', async () => {
    const x = toTensor(randomValues([1, 3, 4, 3, 2], 1)) as tf.Tensor5D;
    const kernel = toTensor(randomValues([3, 3, 3, 2, 2], 2));
    const profile = await tf.profile(() => tf.grad((k) => tf.sum(conv3d(x, k)))(kernel));
    const names = profile.kernels.map((k) => k.name);
    expect(names).toContain('Conv3DBackpropFilterV2');
    expect(names).not.toContain('Conv3DBackpropInputV2');
    tf.dispose([x, kernel, profile.result as tf.Tensor]);
  });

  it('has second derivatives', () => {
    const before = tf.memory().numTensors;
    const x = toTensor(randomValues([1, 3, 4, 3, 1], 1));
    const kernel = toTensor(randomValues([3, 3, 3, 1, 2], 2));
    const half = (x: tf.Tensor) => tf.mul(tf.sum(tf.square(conv3d(x as tf.Tensor5D, kernel))), 0.5);
    // half is quadratic in x with Hessian H: its gradient is H x, and that of |H x|^2 / 2 is H H x.
    const first = tf.grad(half);
    const second = tf.grad((x: tf.Tensor) => tf.mul(tf.sum(tf.square(first(x))), 0.5));
    const [hx, got] = [first(x), second(x)];
    const hhx = first(hx);
    expect(relativeError(got.dataSync(), hhx.dataSync())).toBeLessThan(1e-5); // float32
    tf.dispose([x, kernel, hx, got, hhx]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses what does not fit', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 4, 4, 4, 2]) as tf.Tensor5D;
      const kernel = tf.zeros([3, 3, 3, 2, 1]);
      const code = (run: () => unknown) => {
        try {
          run();
        } catch (error) {
          return isSegError(error) ? error.code : error;
        }
        return 'nothing';
      };
      expect(code(() => conv3d(tf.zeros([4, 4, 4, 2]) as never, kernel))).toBe('shape-mismatch');
      expect(code(() => conv3d(x, tf.zeros([3, 3, 3, 1, 1])))).toBe('shape-mismatch');
      expect(code(() => conv3d(x, kernel, { bias: tf.zeros([2]) }))).toBe('shape-mismatch');
      expect(code(() => conv3d(x, tf.zeros([5, 5, 5, 2, 1]), { padding: 'valid' }))).toBe('shape-mismatch');
      expect(code(() => conv3d(x, kernel, { padding: 'full' as never }))).toBe('unknown-option');
      expect(code(() => conv3d(x, kernel, { padding: -1 }))).toBe('invalid-argument');
      expect(code(() => conv3d(x, kernel, { strides: 0 }))).toBe('invalid-argument');
      expect(code(() => conv3d(x, kernel, { dilations: 1.5 }))).toBe('invalid-argument');
    });
  });
});
