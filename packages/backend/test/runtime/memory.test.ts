import { isSegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { normals, runKernel } from '../fused/support.ts';

const { backend, started } = await startBackend({ name: 'wasm', threads: 2 }).then((started) => ({
  started,
  backend: tf.backend() as unknown as {
    makeOutput(shape: number[], dtype: string): tf.TensorInfo;
    getMemoryOffset(dataId: object): number;
  },
}));
afterAll(() => started.dispose());

const shape: [number, number, number, number, number] = [1, 20, 21, 22, 8];

function results(): string[] {
  return tf.tidy(() => {
    const x = tf.tensor(normals(1, 20 * 21 * 22 * 8), shape) as tf.Tensor5D;
    const kernel = tf.tensor(normals(2, 27 * 64), [3, 3, 3, 8, 8]) as tf.Tensor5D;
    const inputs = { x, scale: tf.ones([8]), offset: tf.zeros([8]) };
    const norm = runKernel('SegNormActivation', inputs, { groups: 8, epsilon: 1e-5, negativeSlope: 0.01 });
    const outputs = [...norm, tf.conv3d(x, kernel, 1, 'same'), tf.reverse(x, [2]), tf.concat([x, x], 4), tf.sum(x)];
    return outputs.map((t) => Buffer.from((t.dataSync() as Float32Array).buffer).toString('base64'));
  });
}

test('kernels work above 2 GiB, and a full memory is an error with a remedy', () => {
  const low = results();
  // Untouched, so it takes address space but no memory.
  for (let i = 0; i < 9; i++) backend.makeOutput([2 ** 26], 'float32');
  // Small holes below are used up as well, so that the next tensors lie above.
  for (let i = 0; i < 500; i++)
    if (backend.getMemoryOffset(backend.makeOutput([2 ** 16], 'float32').dataId) > 2 ** 31) break;
  const place = backend.getMemoryOffset(backend.makeOutput([2 ** 18], 'float32').dataId);
  expect(place).toBeGreaterThan(2 ** 31);
  expect(results()).toEqual(low);
  const fill = () => {
    for (let i = 0; i < 8; i++) backend.makeOutput([2 ** 26], 'float32');
  };
  expect(fill).toThrow(expect.toSatisfy((e) => isSegError(e, 'limit-exceeded')));
  expect(results()).toEqual(low);
});
