import { type Conv3dTransposeOptions, conv3dTranspose } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkOp, randomValues } from '../support/gradients.ts';
import { convTransposeReference } from '../support/reference.ts';

type Triple = readonly [number, number, number];

interface Case {
  readonly name: string;
  readonly x: readonly number[];
  readonly kernel: readonly number[];
  readonly options: Conv3dTransposeOptions;
  readonly size: Triple;
  readonly strides: Triple;
  readonly pads: readonly [readonly [number, number], readonly [number, number], readonly [number, number]];
}

const pads = (before: number, after = before) => [[before, after], [before, after], [before, after]] as const; // biome-ignore format: one line

const cases: readonly Case[] = [
  { name: 'k2 s2, odd sizes, batch 2', x: [2, 3, 2, 1, 3], kernel: [2, 2, 2, 2, 3], options: { strides: 2, padding: 0 }, size: [6, 4, 2], strides: [2, 2, 2], pads: pads(0) },
  { name: 'k4 s2 p1 (PyTorch)', x: [2, 2, 3, 2, 2], kernel: [4, 4, 4, 2, 2], options: { strides: 2, padding: 1 }, size: [4, 6, 4], strides: [2, 2, 2], pads: pads(1) },
  { name: 'k3 s2 p1, output padding 1', x: [1, 3, 2, 2, 2], kernel: [3, 3, 3, 1, 2], options: { strides: 2, padding: 1, outputPadding: 1 }, size: [6, 4, 4], strides: [2, 2, 2], pads: pads(1) },
  { name: 'k3 s2 p1, no output padding', x: [1, 3, 2, 2, 2], kernel: [3, 3, 3, 1, 2], options: { strides: 2, padding: 1 }, size: [5, 3, 3], strides: [2, 2, 2], pads: pads(1) },
  { name: 'k3 s2 same', x: [1, 3, 2, 2, 2], kernel: [3, 3, 3, 1, 2], options: { strides: 2 }, size: [6, 4, 4], strides: [2, 2, 2], pads: pads(0, 1) },
  { name: 'k1 s2 same', x: [1, 2, 2, 3, 2], kernel: [1, 1, 1, 1, 2], options: { strides: 2 }, size: [4, 4, 6], strides: [2, 2, 2], pads: pads(0) },
  { name: '1x2x2 stride (1, 2, 2)', x: [2, 3, 2, 2, 2], kernel: [1, 2, 2, 2, 2], options: { strides: [1, 2, 2], padding: 0 }, size: [3, 4, 4], strides: [1, 2, 2], pads: pads(0) },
  { name: 'k3 s1 p1', x: [1, 3, 4, 2, 1], kernel: [3, 3, 3, 2, 1], options: { padding: 1 }, size: [3, 4, 2], strides: [1, 1, 1], pads: pads(1) },
  { name: 'k5 s3, asymmetric padding', x: [1, 2, 2, 2, 1], kernel: [5, 5, 5, 1, 1], options: { strides: 3, padding: [[2, 0], [1, 1], [0, 1]] }, size: [6, 6, 7], strides: [3, 3, 3], pads: [[2, 0], [1, 1], [0, 1]] },
]; // biome-ignore format: a table

describeBackends('conv3dTranspose', () => {
  it.each(cases)(
    '$name: forward and all gradients match float64 loops',
    ({ x, kernel, options, size, ...settings }) => {
      checkOp({
        inputs: [randomValues(x, 1), randomValues(kernel, 2), randomValues([kernel[3]!], 3)],
        op: (x, kernel, bias) => conv3dTranspose(x as tf.Tensor5D, kernel!, { ...options, bias: bias! }),
        reference: (x, kernel, bias) => convTransposeReference(x!, kernel!, bias, size, settings),
      });
    },
  );

  it('refuses what does not fit', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 2, 2, 2, 3]) as tf.Tensor5D;
      const kernel = tf.zeros([2, 2, 2, 1, 3]);
      expect(() => conv3dTranspose(x, tf.zeros([2, 2, 2, 3, 1]))).toThrow(/input channels/);
      expect(() => conv3dTranspose(x, kernel, { strides: 2, padding: 0, outputPadding: 2 })).toThrow(/outputPadding/);
      expect(() => conv3dTranspose(x, kernel, { padding: 2 })).toThrow(/leaves no output/);
      expect(() => conv3dTranspose(x, kernel, { bias: tf.zeros([3]) })).toThrow(/bias/);
    });
  });
});
