import { Rng } from '@seg/core';
import { backend_util } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Convolution } from '../../src/conv/convolution.ts';
import { type ConvGeometry, conv3dGeometry, volumeOf } from '../../src/conv/geometry.ts';
import type { KernelVariant } from '../../src/runtime/kernel-runtime.ts';
import { measureShape, randomFloats, randomGeometry } from './fuzz.ts';
import { type GuardedRuntime, startGuardedRuntime } from './guarded-runtime.ts';

// Sums of up to 70 * 125 products of float32 values of size 1, in any order, stay far below this, relative to the
// largest result; Winograd's method adds a factor of about 3.
const tolerance = 1e-5;

const geometry = (
  input: readonly [number, number, number, number, number],
  kernel: readonly [number, number, number],
  outChannels: number,
  stride = 1,
  pad: 'same' | 'valid' | number = 'same',
): ConvGeometry =>
  conv3dGeometry(backend_util.computeConv3DInfo([...input], [...kernel, input[4], outChannels], stride, 1, pad));

describe.each([
  { variant: 'relaxed', shapes: 140, precision: 'fast' },
  { variant: 'relaxed', shapes: 40, precision: 'direct' },
  { variant: 'simd', shapes: 40, precision: 'fast' },
  { variant: 'revec', shapes: 40, precision: 'fast' },
] as const)('random convolutions, $variant build, precision $precision', ({ variant, shapes, precision }) => {
  it(`agrees with float64 for ${shapes} shapes and stays inside its memory`, async () => {
    const runtime = await startGuardedRuntime({ variant: variant as KernelVariant });
    const convolution = new Convolution(runtime, { precision });
    const rng = Rng.fromSeed(20 + shapes);
    for (let i = 0; i < shapes; i++) {
      const g = randomGeometry(rng);
      const errors = measureShape(runtime, convolution, g, rng);
      const message = `shape ${JSON.stringify(g)}`;
      expect(errors.forward, message).toBeLessThan(tolerance);
      expect(errors.inputGradient ?? 0, message).toBeLessThan(tolerance);
      expect(errors.filterGradient, message).toBeLessThan(tolerance);
    }
    runtime.dispose();
  });
});

describe('chosen convolutions', () => {
  let runtime: GuardedRuntime;
  beforeAll(async () => {
    runtime = await startGuardedRuntime();
  });
  afterAll(() => runtime.dispose());

  it.each([
    ['the layer of a head', geometry([2, 9, 8, 7, 16], [1, 1, 1], 3)],
    ['one output channel', geometry([2, 7, 8, 15, 12], [3, 3, 3], 1)],
    ['one output channel, stride 2', geometry([1, 9, 8, 15, 16], [3, 3, 3], 1, 2, 1)],
    ['two channels more than a register tile', geometry([1, 5, 6, 29, 7], [1, 1, 1], 10)],
    ['stride 2, many tiles, even padding', geometry([2, 16, 18, 20, 10], [3, 3, 3], 13, 2)],
    ['stride 2, many tiles, odd sizes', geometry([1, 17, 19, 33, 12], [3, 3, 3], 8, 2, 1)],
    ['one channel', geometry([1, 12, 11, 10, 1], [3, 3, 3], 16)],
    ['one channel, stride 2', geometry([2, 12, 11, 10, 1], [3, 3, 3], 8, 2, 1)],
    ['stride 2, padding on both sides', geometry([2, 10, 9, 8, 16], [3, 3, 3], 32, 2, 1)],
    ['kernel 2, stride 2', geometry([2, 8, 6, 10, 16], [2, 2, 2], 24, 2, 'valid')],
    ['kernel 1, stride 2: the window starts inside', geometry([1, 8, 8, 8, 8], [1, 1, 1], 8, 2)],
    ['stride 3 with kernel 1: most gradients are zero', geometry([1, 7, 8, 9, 5], [1, 1, 1], 9, 3, 'valid')],
    ['one plane', geometry([2, 12, 13, 1, 8], [3, 3, 1], 8)],
    ['a single voxel', geometry([1, 1, 1, 1, 16], [3, 3, 3], 16)],
    ['odd sizes and channels', geometry([1, 13, 11, 9, 13], [3, 3, 3], 30)],
    ['in-plane kernel', geometry([2, 5, 17, 18, 16], [1, 3, 3], 16)],
    ['padding beyond the kernel', geometry([1, 6, 5, 6, 8], [3, 3, 3], 8, 1, 4)],
  ])('%s', (_name, g) => {
    const errors = measureShape(runtime, new Convolution(runtime), g, Rng.fromSeed(3));
    expect(errors.forward).toBeLessThan(tolerance);
    expect(errors.inputGradient).toBeLessThan(tolerance);
    expect(errors.filterGradient).toBeLessThan(tolerance);
  });

  it('sums a window by hand', () => {
    const g = geometry([1, 1, 1, 3, 1], [1, 1, 3], 1);
    const convolution = new Convolution(runtime);
    runtime.reset();
    const x = runtime.floats(3, Float32Array.of(1, 2, 3));
    const w = runtime.floats(3, Float32Array.of(10, 100, 1000));
    const bias = runtime.floats(1, Float32Array.of(0.5));
    const y = runtime.floats(3);
    convolution.forward(g, { x: x.pointer, weights: w.pointer, bias: bias.pointer, y: y.pointer });
    expect([...y.read()]).toEqual([2100.5, 3210.5, 320.5]);
  });
});

describe('determinism', () => {
  it('gives the same bits for every number of threads and in every run', async () => {
    const shapes = [
      geometry([2, 17, 15, 18, 16], [3, 3, 3], 16),
      geometry([1, 9, 9, 9, 40], [3, 3, 3], 32),
      geometry([2, 14, 13, 12, 16], [3, 3, 3], 32, 2, 1),
      geometry([1, 12, 12, 12, 1], [3, 3, 3], 8),
      geometry([3, 8, 8, 8, 12], [1, 1, 1], 3),
    ];
    for (const g of shapes) {
      const results: Uint32Array[] = [];
      for (const threads of [1, 2, 3, 2]) {
        const runtime = await startGuardedRuntime({ threads, pages: 2048 });
        results.push(allResults(runtime, new Convolution(runtime), g));
        runtime.dispose();
      }
      for (const other of results.slice(1)) expect(other).toEqual(results[0]);
    }
  });
});

function allResults(runtime: GuardedRuntime, convolution: Convolution, g: ConvGeometry): Uint32Array {
  const rng = Rng.fromSeed(8);
  const weightCount = volumeOf(g.kernel) * g.inChannels * g.outChannels;
  const inputs = g.batch * volumeOf(g.input) * g.inChannels;
  const outputs = g.batch * volumeOf(g.output) * g.outChannels;
  const x = runtime.floats(inputs, randomFloats(rng, inputs)).pointer;
  const dy = runtime.floats(outputs, randomFloats(rng, outputs)).pointer;
  const weights = runtime.floats(weightCount, randomFloats(rng, weightCount)).pointer;
  const [y, dx, dw] = [runtime.floats(outputs), runtime.floats(inputs), runtime.floats(weightCount)];
  convolution.forward(g, { x, weights, bias: 0, y: y.pointer });
  convolution.inputGradient(g, { dy, weights, dx: dx.pointer });
  convolution.filterGradient(g, { x, dy, dw: dw.pointer });
  const parts = [y, dx, dw].map((block) => [...new Uint32Array(block.read().buffer)]);
  return Uint32Array.from(parts.flat());
}
