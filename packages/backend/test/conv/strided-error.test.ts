import { Rng } from '@seg/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConvGeometry, volumeOf } from '../../src/conv/geometry.ts';
import { stridedFilterGradient, stridedInputGradient } from '../../src/conv/strided-convolution.ts';
import { WeightCache } from '../../src/conv/weight-cache.ts';
import { type GuardedRuntime, startGuardedRuntime } from './guarded-runtime.ts';
import { referenceFilterGradient, referenceInputGradient, relativeError } from './reference.ts';

// Promised bounds, relative to the largest result.
const inputBound = 2e-5;
const filterBound = 5e-5;

const shape = (size: number, inChannels: number, outChannels: number, batch = 1): ConvGeometry => ({
  batch,
  input: [size, size, size],
  output: [size / 2, size / 2, size / 2],
  inChannels,
  outChannels,
  kernel: [3, 3, 3],
  stride: [2, 2, 2],
  dilation: [1, 1, 1],
  pad: [1, 1, 1],
});

describe('errors of the gradients with stride 2', () => {
  let runtime: GuardedRuntime;
  beforeAll(async () => {
    runtime = await startGuardedRuntime();
  });
  afterAll(() => runtime.dispose());

  it.each([
    ['320 channels', shape(12, 320, 32)],
    ['to 320 channels', shape(10, 24, 320)],
    ['many terms in the filter gradient', shape(60, 8, 8)],
    ['one tile, fewer than slices of the filter gradient', shape(2, 10, 11)],
    ['several blocks of each of its parts', shape(18, 40, 33, 2)],
    ['one tile, fewer than slices of its parts', shape(2, 40, 33)],
    ['12 tiles in 4 blocks, fewer than its slices', shape(10, 12, 9)],
  ])('%s', (_name, g) => {
    runtime.reset();
    const rng = Rng.fromSeed(6);
    const context = { runtime, weights: new WeightCache(runtime, 0) };
    const normal = (count: number) => rng.fillNormal(new Float32Array(count));
    const x = normal(g.batch * volumeOf(g.input) * g.inChannels);
    const dy = normal(g.batch * volumeOf(g.output) * g.outChannels);
    const w = normal(27 * g.inChannels * g.outChannels);
    const [dx, dw] = [runtime.floats(x.length), runtime.floats(w.length)];
    const gradient = runtime.floats(dy.length, dy).pointer;
    const weights = runtime.floats(w.length, w).pointer;
    stridedInputGradient(context, g, { dy: gradient, weights, dx: dx.pointer });
    stridedFilterGradient(context, g, { x: runtime.floats(x.length, x).pointer, dy: gradient, dw: dw.pointer });
    runtime.checkGuards();
    expect(relativeError(dx.read(), referenceInputGradient(g, dy, w))).toBeLessThan(inputBound);
    expect(relativeError(dw.read(), referenceFilterGradient(g, x, dy))).toBeLessThan(filterBound);
  });
});
