import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { elementTolerance, normals, relativeError, runKernel, sumTolerance } from './support.ts';

function inPlace(name: string, inputs: Record<string, tf.Tensor>, attrs: object): void {
  tf.getKernel(name, 'wasm')!.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend: tf.backend() });
}

// Sizes around the vector width and one that is cut into parts.
const sizes = [1, 3, 4, 7, 64, 50_001];

describe('optimiser steps in place', () => {
  beforeAll(async () => {
    await startBackend({ name: 'wasm', threads: 2 });
  });

  test.each(sizes)('SGD on %i values follows its formula over three steps', (size) => {
    for (const nesterov of [false, true]) {
      const attrs = { learningRate: 0.05, momentum: 0.9, nesterov, weightDecay: 0.01, gradScale: 0.5 };
      const w = Float64Array.from(normals(1, size));
      const v = new Float64Array(size);
      const tensors = { param: tf.tensor1d(normals(1, size)), velocity: tf.zeros([size]) };
      for (let step = 0; step < 3; step++) {
        const values = normals(10 + step, size);
        const grad = tf.tensor1d(values);
        inPlace('SegSgdUpdate', { ...tensors, grad }, attrs);
        grad.dispose();
        for (let i = 0; i < size; i++) {
          const g = 0.5 * values[i]! + 0.01 * w[i]!;
          v[i] = 0.9 * v[i]! + g;
          w[i]! -= 0.05 * (nesterov ? g + 0.9 * v[i]! : v[i]!);
        }
      }
      expect(relativeError(tensors.param.dataSync(), w)).toBeLessThan(elementTolerance);
      expect(relativeError(tensors.velocity.dataSync(), v)).toBeLessThan(elementTolerance);
      tf.dispose(tensors);
    }
  });

  test.each(sizes)('Adam on %i values follows its formula over three steps', (size) => {
    for (const decoupled of [false, true]) {
      const base = {
        learningRate: 0.01,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weightDecay: 0.1,
        decoupled,
        gradScale: 2,
      };
      const w = Float64Array.from(normals(1, size));
      const [m, v] = [new Float64Array(size), new Float64Array(size)];
      const tensors = { param: tf.tensor1d(normals(1, size)), first: tf.zeros([size]), second: tf.zeros([size]) };
      for (let step = 1; step <= 3; step++) {
        const values = normals(10 + step, size);
        const grad = tf.tensor1d(values);
        inPlace('SegAdamUpdate', { ...tensors, grad }, { ...base, step });
        grad.dispose();
        for (let i = 0; i < size; i++) {
          const g = 2 * values[i]! + (decoupled ? 0 : 0.1 * w[i]!);
          m[i] = 0.9 * m[i]! + 0.1 * g;
          v[i] = 0.99 * v[i]! + 0.01 * g * g;
          const shrunk = decoupled ? w[i]! * (1 - 0.01 * 0.1) : w[i]!;
          const spread = Math.sqrt(v[i]! / (1 - 0.99 ** step)) + 1e-8;
          w[i] = shrunk - (0.01 * (m[i]! / (1 - 0.9 ** step))) / spread;
        }
      }
      expect(relativeError(tensors.param.dataSync(), w)).toBeLessThan(sumTolerance);
      expect(relativeError(tensors.first.dataSync(), m)).toBeLessThan(elementTolerance);
      expect(relativeError(tensors.second.dataSync(), v)).toBeLessThan(elementTolerance);
      tf.dispose(tensors);
    }
  });

  test.each(sizes)('sum of squares of %i values', (size) => {
    const x = normals(3, size);
    const sum = tf.tidy(() => runKernel('SegSumOfSquares', { x: tf.tensor1d(x) }, {})[0]!.dataSync());
    expect(relativeError(sum, [x.reduce((total, v) => total + v * v, 0)])).toBeLessThan(elementTolerance);
  });

  test('additions and products of tensors of one shape, of many, and with a number', () => {
    const before = tf.memory().numTensors;
    for (const size of sizes) {
      const [a, b, c] = [normals(1, size), normals(2, size), normals(3, size)];
      const found = tf.tidy(() => {
        const [x, y, z] = [tf.tensor1d(a), tf.tensor1d(b), tf.tensor1d(c)] as const;
        const all = [tf.add(x, y), tf.mul(x, y), tf.mul(x, 2.5), tf.mul(tf.scalar(2.5), x), tf.addN([x, y, z])];
        return all.map((t) => t.dataSync());
      });
      const expected = [
        a.map((v, i) => v + b[i]!),
        a.map((v, i) => v * b[i]!),
        a.map((v) => 2.5 * v),
        a.map((v) => 2.5 * v),
        a.map((v, i) => v + b[i]! + c[i]!),
      ];
      const errors = found.map((values, i) => relativeError(values, expected[i]!));
      expect(Math.max(...errors)).toBeLessThan(elementTolerance);
    }
    const broadcast = tf.tidy(() => tf.add(tf.ones([2, 3]), tf.tensor1d([1, 2, 3])).dataSync());
    expect([...broadcast]).toEqual([2, 3, 4, 2, 3, 4]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
