import { isSegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import { type StartedBackend, startBackend } from '../src/index.ts';
import { doctor } from '../src/node/index.ts';

let running: StartedBackend | undefined;
const start = async (threads = 1) => {
  running = await startBackend({ name: 'wasm', threads });
  return running;
};
afterEach(() => running?.dispose());

/** Ops that our kernels hand on to tfjs's own for some inputs, with results worked out by hand. */
function expectRightValues(): void {
  const before = tf.memory().numTensors;
  const found = tf.tidy(() => {
    const twoByThree = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const cube = tf.reshape(tf.range(0, 24), [2, 3, 4]);
    const results = {
      broadcast: tf.add(twoByThree, tf.tensor1d([10, 20, 30])),
      wholeNumbers: tf.add(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3, 4], 'int32')),
      wholeSum: tf.sum(tf.tensor1d([1, 2, 3], 'int32')),
      mean: tf.mean(cube, [0, 2]),
      padded: tf.pad(tf.tensor1d([true, false], 'bool'), [[1, 1]]),
      product: tf.mul(twoByThree, tf.tensor1d([10, 20, 30])),
      convolved: tf.conv3d(tf.ones<tf.Rank.R5>([1, 2, 2, 2, 1]), tf.ones<tf.Rank.R5>([3, 3, 3, 1, 1]), 1, 'same'),
    };
    return Object.fromEntries(Object.entries(results).map(([name, t]) => [name, [...t.dataSync()]]));
  });
  expect(found).toEqual({
    broadcast: [11, 22, 33, 14, 25, 36],
    wholeNumbers: [4, 6],
    wholeSum: [6],
    // Rows 0..3, 4..7 and 8..11 of the first half and the same plus 12 of the second.
    mean: [7.5, 11.5, 15.5],
    padded: [0, 1, 0, 0],
    product: [10, 40, 90, 40, 100, 180],
    convolved: Array(8).fill(8),
  });
  expect(tf.memory().numTensors).toBe(before);
}

describe('a wasm backend that is started again', () => {
  test('computes as the first one did, with any number of threads', async () => {
    for (const threads of [1, 2, 1]) {
      const backend = await start(threads);
      expectRightValues();
      backend.dispose();
    }
  });

  test('computes after the doctor has started and stopped it', async () => {
    const { backends, kernelMemory } = await doctor({ measure: false });
    expect(kernelMemory).toEqual([
      {
        name: 'wasm',
        scratchLentBytes: 0,
        scratchIdleBytes: expect.any(Number),
        scratchPeakBytes: expect.any(Number),
        scratchLimitBytes: 2 ** 28,
        weightCacheBytes: 0,
        weightCacheLimitBytes: 2 ** 28,
      },
    ]);
    expect(kernelMemory[0]!.scratchPeakBytes).toBeGreaterThan(0);
    expect(backends.find(({ name }) => name === 'wasm')?.works).toBe(true);
    await start();
    expectRightValues();
  });

  test('is left alone by a second dispose() of the one before', async () => {
    const first = await start();
    first.dispose();
    const second = await start();
    first.dispose();
    expect(await start()).toBe(second);
    expectRightValues();
  });

  test('holds nothing of tensors that outlived the one before', async () => {
    const first = await start();
    const before = tf.memory().numTensors;
    const [read, kept] = [tf.tensor1d([1, 2]), tf.ones([2])];
    first.dispose();
    const isStopped = (e: unknown) => isSegError(e, 'backend-failure') && e.message.includes('was stopped');
    expect(() => read.dataSync()).toThrow(expect.toSatisfy(isStopped));
    await expect(read.data()).rejects.toSatisfy(isStopped);
    read.dispose();
    await start();
    expectRightValues();
    kept.dispose();
    expectRightValues();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('leaves the name to tfjs when it is stopped', async () => {
    (await start()).dispose();
    expect(await tf.setBackend('wasm')).toBe(true);
    const before = tf.memory().numTensors;
    const sum = tf.tidy(() => [...tf.add(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor1d([10, 20])).dataSync()]);
    expect(sum).toEqual([11, 22, 13, 24]);
    const product = tf.tidy(() => [...tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.ones([2, 1])).dataSync()]);
    expect(product).toEqual([3, 7]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
