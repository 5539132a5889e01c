// THREADS REPEAT WHAT(fxw) SHAPE...  shape: b,size,cin,cout,k,s
import * as tf from '@tensorflow/tfjs-core';
import { startBackend } from '@seg/backend';
import { inputSize, outputSize, flops } from './conv3d/shapes.ts';
const [threads, repeat, what, ...shapes] = process.argv.slice(2);
const b = await startBackend({ name: 'wasm', threads: Number(threads) });
for (const text of shapes) {
  const [batch, size, cin, cout, kernel, stride] = text.split(',').map((t) => t.includes('x') ? t.split('x').map(Number) : Number(t)) as any;
  const s = { batch, size, cin, cout, kernel, stride };
  const x = tf.randomUniform([batch, ...inputSize(s), cin], -1, 1, 'float32', 1);
  const filter = tf.randomUniform([kernel, kernel, kernel, cin, cout], -1, 1, 'float32', 2);
  const dy = tf.randomUniform([batch, ...outputSize(s), cout], -1, 1, 'float32', 3);
  const window = { strides: [stride, stride, stride], pad: kernel >> 1 };
  const calls: any = {
    f: () => tf.engine().runKernel('Conv3D', { x, filter }, { ...window, dataFormat: 'NDHWC', dilations: [1, 1, 1] }),
    x: () => tf.engine().runKernel('Conv3DBackpropInputV2', { dy, filter }, { ...window, inputShape: x.shape } as any),
    w: () => tf.engine().runKernel('Conv3DBackpropFilterV2', { x, dy }, { ...window, filterShape: filter.shape } as any),
  };
  const out = [];
  for (const w of what!) {
    for (let i = 0; i < 6; i++) tf.dispose(calls[w]());
    await new Promise((r) => setTimeout(r, 150));
    for (let i = 0; i < 4; i++) tf.dispose(calls[w]());
    const t = Array.from({ length: Number(repeat) }, () => { const a = performance.now(); tf.dispose(calls[w]()); return performance.now() - a; }).sort((p, q) => p - q);
    out.push(`${w} ${t[0]!.toFixed(2)} / ${t[t.length >> 1]!.toFixed(2)} ms (${(flops(s) / t[t.length >> 1]! / 1e6).toFixed(0)} GF/s)`);
  }
  console.log(text, out.join('  '));
  tf.dispose([x, filter, dy]);
}
