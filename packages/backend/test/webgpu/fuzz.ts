// Convolutions of random shapes on webgpu against float64 loops; prints JSON. A process of its own for each run, because
// the Vulkan loader reads its variables when one starts.
// node --conditions=@seg/source test/webgpu/fuzz.ts [shapes] [seed]
import { Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { type ConvGeometry, volumeOf } from '../../src/conv/geometry.ts';
import { startBackend } from '../../src/index.ts';
import { filterGradient } from '../../src/webgpu/conv/filter-gradient.ts';
import { gatherConvolution } from '../../src/webgpu/conv/gather-convolution.ts';
import { forwardGather, inputGradientGathers } from '../../src/webgpu/conv/phases.ts';
import type { GpuBackend } from '../../src/webgpu/program.ts';
import { randomFloats, randomGeometry } from '../conv/fuzz.ts';
import { referenceFilterGradient, referenceForward, referenceInputGradient, relativeError } from '../conv/reference.ts';

const [shapes = '100', seed = '1'] = process.argv.slice(2);
// A software adapter takes its time, and so do the loops.
const mostMultiplications = 3e5;

interface Errors {
  readonly geometry: ConvGeometry;
  readonly forward: number;
  readonly inputGradient: number;
  readonly filterGradient: number;
  /** Whether a second filter gradient gave the same numbers, bit for bit. */
  readonly repeats: boolean;
}

function smallGeometry(rng: Rng): ConvGeometry {
  for (;;) {
    const g = randomGeometry(rng);
    const work = g.batch * volumeOf(g.output) * volumeOf(g.kernel) * g.inChannels * g.outChannels;
    if (work <= mostMultiplications) return g;
  }
}

async function measure(backend: GpuBackend, g: ConvGeometry, rng: Rng): Promise<Errors> {
  const shapeOf = {
    x: [g.batch, ...g.input, g.inChannels],
    w: [...g.kernel, g.inChannels, g.outChannels],
    bias: [g.outChannels],
    dy: [g.batch, ...g.output, g.outChannels],
  };
  const random = (shape: number[]) => {
    const values = randomFloats(rng, tf.util.sizeFromShape(shape));
    return { values, tensor: tf.tensor(values, shape) };
  };
  const [x, w, bias, dy] = [random(shapeOf.x), random(shapeOf.w), random(shapeOf.bias), random(shapeOf.dy)];
  const output = async (shape: number[], write: (result: tf.TensorInfo) => void) => {
    const result = backend.makeTensorInfo(shape, 'float32');
    write(result);
    const values = (await backend.read(result.dataId)) as Float32Array;
    backend.disposeData(result.dataId);
    return values;
  };
  const forward = await output(shapeOf.dy, (result) => {
    const tensors = { source: x.tensor, filter: w.tensor, bias: bias.tensor, result };
    gatherConvolution(backend, forwardGather(g), tensors, false);
  });
  const dx = await output(shapeOf.x, (result) => {
    const tensors = { source: dy.tensor, filter: w.tensor, result };
    for (const gather of inputGradientGathers(g)) gatherConvolution(backend, gather, tensors, true);
  });
  const filter = () => output(shapeOf.w, (dw) => filterGradient(backend, g, { x: x.tensor, dy: dy.tensor, dw }));
  const [dw, again] = [await filter(), await filter()];
  for (const { tensor } of [x, w, bias, dy]) tensor.dispose();
  return {
    geometry: g,
    forward: relativeError(forward, referenceForward(g, x.values, w.values, bias.values)),
    inputGradient: relativeError(dx, referenceInputGradient(g, dy.values, w.values)),
    filterGradient: relativeError(dw, referenceFilterGradient(g, x.values, dy.values)),
    repeats: dw.every((v, i) => v === again[i]),
  };
}

let absent = '';
await startBackend({ name: 'webgpu' }).catch((error: Error) => {
  absent = error.message;
});
const results: Errors[] = [];
const left = { tensors: 0, bytes: 0 };
if (absent === '') {
  const backend = tf.backend() as unknown as GpuBackend;
  const used = () => (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
  await tf.ones([1]).data();
  const [tensors, bytes] = [tf.memory().numTensors, used()];
  const rng = Rng.fromSeed(Number(seed));
  for (let i = 0; i < Number(shapes); i++) results.push(await measure(backend, smallGeometry(rng), rng));
  Object.assign(left, { tensors: tf.memory().numTensors - tensors, bytes: used() - bytes });
}
process.stdout.write(JSON.stringify({ absent, left, results }), () => process.exit(0));
