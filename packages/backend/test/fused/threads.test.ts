import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { normals, runKernel } from './support.ts';

/** Every kernel that sums or writes in parts, on shapes large enough to be cut. */
async function results(threads: number): Promise<Float32Array[]> {
  const backend = await startBackend({ name: 'wasm', threads });
  const outputs = tf.tidy(() => {
    const shape = [2, 17, 19, 23, 10];
    const x = tf.tensor(normals(1, 2 * 17 * 19 * 23 * 10), shape);
    const dy = tf.tensor(normals(2, x.size), shape);
    const scale = tf.tensor1d(normals(3, 10));
    const offset = tf.tensor1d(normals(4, 10));
    const attrs = { groups: 10, epsilon: 1e-5, negativeSlope: 0.01 };
    const norm = runKernel('SegNormActivation', { x, scale, offset }, attrs);
    const inputs = { x, scale, offset, mean: norm[1]!, invStd: norm[2]!, dy };
    const labels = tf.tensor(normals(5, x.size / 10, 5, 3).map(Math.floor), shape.slice(0, 4), 'int32');
    const dice = {
      crossEntropyWeight: 1,
      diceWeight: 1,
      smooth: 1,
      includeBackground: true,
      batchDice: false,
      ignoreLabel: -1,
    };
    const pool = { filterSize: [2, 2, 2], strides: [2, 2, 2], pad: 'valid' };
    const [pooled] = runKernel('MaxPool3D', { x }, pool);
    return [
      ...norm,
      ...runKernel('SegNormActivationGrad', inputs, attrs),
      ...runKernel('SegDiceCrossEntropy', { logits: x, labels }, dice),
      pooled!,
      ...runKernel('MaxPool3DGrad', { dy: pooled!, input: x, output: pooled! }, pool),
      ...runKernel('SegResizeTrilinear', { x }, { size: [20, 30, 25] }),
      ...runKernel('SegResizeTrilinearGrad', { dy }, { inputSize: [9, 10, 11] }),
      ...runKernel('SegAddBiasGrad', { dy }, {}),
      ...runKernel('SegSumOfSquares', { x }, {}),
      tf.sum(x, [1, 2, 3]),
      tf.mean(x),
      tf.concat([x, dy], 4),
      tf.slice(x, [0, 1, 1, 1, 2], [2, 15, 16, 20, 5]),
    ].map((t) => t.dataSync() as Float32Array);
  });
  backend.dispose();
  return outputs;
}

describe('threads', () => {
  afterAll(() => tf.disposeVariables());

  test('one, two and five threads give the same bits', async () => {
    const [one, two, five] = [await results(1), await results(2), await results(5)];
    const bytes = (results: Float32Array[]) => results.map((r) => Buffer.from(r.buffer, r.byteOffset, r.byteLength));
    const expected = bytes(one);
    for (const others of [two, five]) {
      expect(bytes(others).map((b, i) => b.equals(expected[i]!))).toEqual(expected.map(() => true));
    }
  });

  test('the memory can grow between kernels', async () => {
    const backend = await startBackend({ name: 'wasm', threads: 2 });
    const sums = tf.tidy(() =>
      Array.from({ length: 6 }, (_, i) => {
        const x = tf.fill([1, 64, 64, 64, 2 ** i], i + 1);
        const bias = tf.fill([2 ** i], 1);
        return tf.mean(runKernel('SegAddBias', { x, bias }, {})[0]!).dataSync()[0]!;
      }),
    );
    expect(sums).toEqual([2, 3, 4, 5, 6, 7]);
    backend.dispose();
  });
});
