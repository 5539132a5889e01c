import { isSegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { startBackend } from '../src/index.ts';

test('starts wasm by default, with gradients, and leaves no tensors behind', async () => {
  const backend = await startBackend();
  expect(backend.name).toBe('wasm');
  expect(tf.getBackend()).toBe('wasm');
  expect(tf.memory().numTensors).toBe(0);
  const gradient = tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([3]));
  expect(gradient.dataSync()[0]).toBe(6);
  tf.disposeVariables();
  backend.dispose();
});

test('a second start with the same options is the same backend, made current again', async () => {
  const first = await startBackend({ name: 'wasm', threads: 2 });
  await startBackend({ name: 'cpu' });
  expect(tf.getBackend()).toBe('cpu');
  const second = await startBackend({ name: 'wasm', threads: 2 });
  expect(second).toBe(first);
  expect(tf.getBackend()).toBe('wasm');
  await expect(startBackend({ name: 'wasm', threads: 1 })).rejects.toSatisfy((e) => isSegError(e, 'backend-failure'));
  second.dispose();
  const third = await startBackend({ name: 'wasm', threads: 1 });
  expect(third.threads).toBe(1);
  third.dispose();
});

test('the number of threads is the same whether it is named or the default', async () => {
  const name = 'wasm';
  const backend = await startBackend({ name });
  const { threads } = backend;
  const before = tf.memory().numTensors;
  expect(await startBackend({ name, threads })).toBe(backend);
  expect(await startBackend({ name })).toBe(backend);
  for (const other of [{ threads: threads + 1 }, { threads, precision: 'direct' }, { precision: 'direct' }] as const) {
    await expect(startBackend({ name, ...other })).rejects.toThrow('with other options');
  }
  backend.dispose();
  const named = await startBackend({ name, threads });
  expect(await startBackend({ name })).toBe(named);
  expect(tf.memory().numTensors).toBe(before);
  named.dispose();
});

test('refuses bad options', async () => {
  await expect(startBackend({ name: 'wasn' as 'wasm' })).rejects.toThrow('Did you mean "wasm"');
  await expect(startBackend({ threads: 0 })).rejects.toThrow('1..64');
  await expect(startBackend({ precision: 'exact' as 'fast' })).rejects.toThrow('precision');
});
