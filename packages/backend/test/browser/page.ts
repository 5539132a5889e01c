// The program that the browser test bundles and runs in a page.
import { startBackend } from '@seg/backend';
import * as tf from '@tensorflow/tfjs-core';

async function run(): Promise<object> {
  const backend = await startBackend({ wasmUrl: '/tfjs.wasm' });
  const loss = tf.tidy(() => {
    const x = tf.ones([1, 12, 12, 12, 8]) as tf.Tensor5D;
    const kernel = tf.fill([3, 3, 3, 8, 8], 0.01) as tf.Tensor5D;
    const dw = tf.grad((k) => tf.sum(tf.conv3d(x, k as tf.Tensor5D, 1, 'same')))(kernel);
    return dw.dataSync()[13 * 64]!;
  });
  const { name, threads, variant } = backend;
  backend.dispose();
  return { name, threads, variant, loss, isolated: globalThis.crossOriginIsolated };
}

Object.assign(globalThis, { result: run().catch((error: unknown) => ({ error: String(error) })) });
