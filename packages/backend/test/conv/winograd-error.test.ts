import { Rng } from '@seg/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConvContext } from '../../src/conv/context.ts';
import { type ConvGeometry, type Size3, volumeOf } from '../../src/conv/geometry.ts';
import { WeightCache } from '../../src/conv/weight-cache.ts';
import { type WinogradPlan, winogradForward, winogradInputGradient } from '../../src/conv/winograd-convolution.ts';
import { winogradFilterGradient } from '../../src/conv/winograd-filter-gradient.ts';
import type { VariantId } from '../../src/conv/winograd-variant.ts';
import { type GuardedRuntime, startGuardedRuntime } from './guarded-runtime.ts';

// Promised bounds, relative to the largest output.
const convolutionBound = 2e-5;
const filterBound = 5e-5;
const samples = 400;

const cube = (size: number): Size3 => [size, size, size];
const shape = (size: Size3, inChannels: number, outChannels: number): ConvGeometry => ({
  batch: 1,
  input: size,
  output: size,
  inChannels,
  outChannels,
  kernel: [3, 3, 3],
  stride: [1, 1, 1],
  dilation: [1, 1, 1],
  pad: [1, 1, 1],
});

describe.each(['14', '24', '44', '22', '12'] as const)('errors of variant %s', (variant: VariantId) => {
  let runtime: GuardedRuntime;
  let context: ConvContext;
  beforeAll(async () => {
    runtime = await startGuardedRuntime();
    context = { runtime, weights: new WeightCache(runtime, 0) };
  });
  afterAll(() => runtime.dispose());

  it.each([
    ['320 channels', shape(cube(12), 320, 32)],
    ['to 320 channels', shape(cube(10), 24, 320)],
    ['many terms in the filter gradient', shape(cube(40), 16, 16)],
  ])('%s', (_name, g) => {
    check(context, runtime, g, { variant, blockTiles: 24 });
  });
});

describe('errors of rows longer than a strip', () => {
  let runtime: GuardedRuntime;
  beforeAll(async () => {
    runtime = await startGuardedRuntime();
  });
  afterAll(() => runtime.dispose());

  it.each([
    ['all points', false],
    ['pairs of points', true],
  ])('%s', (_name, pairs) => {
    const context = { runtime, weights: new WeightCache(runtime, 0) };
    check(context, runtime, shape([7, 6, 230], 32, 30), { variant: '44', blockTiles: 120, pairs });
  });
});

/** Compares samples of all three directions with sums in float64. */
function check(context: ConvContext, runtime: GuardedRuntime, g: ConvGeometry, plan: WinogradPlan): void {
  runtime.reset();
  const rng = Rng.fromSeed(5);
  const block = (count: number) => runtime.floats(count, rng.fillNormal(new Float32Array(count)));
  const voxels = volumeOf(g.input);
  const [x, dy] = [block(voxels * g.inChannels), block(voxels * g.outChannels)];
  const w = block(27 * g.inChannels * g.outChannels);
  const [y, dx] = [runtime.floats(voxels * g.outChannels), runtime.floats(voxels * g.inChannels)];
  const dw = runtime.floats(27 * g.inChannels * g.outChannels);
  const weights = w.pointer;
  winogradForward(context, g, plan, { x: x.pointer, weights, bias: 0, y: y.pointer });
  winogradInputGradient(context, g, plan, { dy: dy.pointer, weights, dx: dx.pointer });
  winogradFilterGradient(context, g, plan, { x: x.pointer, dy: dy.pointer, dw: dw.pointer });
  runtime.checkGuards();
  const data = { x: x.read(), dy: dy.read(), w: w.read(), y: y.read(), dx: dx.read(), dw: dw.read() };
  expect(sampledError(data.y, (i) => forwardAt(g, data.x, data.w, i), rng)).toBeLessThan(convolutionBound);
  expect(sampledError(data.dx, (i) => inputGradientAt(g, data.dy, data.w, i), rng)).toBeLessThan(convolutionBound);
  expect(sampledError(data.dw, (i) => filterGradientAt(g, data.x, data.dy, i), rng, 60)).toBeLessThan(filterBound);
}

function sampledError(actual: Float32Array, exact: (index: number) => number, rng: Rng, count = samples): number {
  let error = 0;
  for (let i = 0; i < count; i++) {
    const index = i === 0 ? 0 : i === 1 ? actual.length - 1 : rng.integer(actual.length);
    error = Math.max(error, Math.abs(actual[index]! - exact(index)));
  }
  return error / actual.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** Calls `visit` for the voxels of a 3x3x3 window around `voxel` that are inside, with the tap's number. */
function window(g: ConvGeometry, voxel: number, visit: (neighbour: number, tap: number) => void): void {
  const [d, h, w] = g.input;
  const at = [Math.floor(voxel / (h * w)), Math.floor(voxel / w) % h, voxel % w] as const;
  for (let tap = 0; tap < 27; tap++) {
    const z = at[0] + Math.floor(tap / 9) - 1;
    const y = at[1] + (Math.floor(tap / 3) % 3) - 1;
    const x = at[2] + (tap % 3) - 1;
    if (z >= 0 && z < d && y >= 0 && y < h && x >= 0 && x < w) visit((z * h + y) * w + x, tap);
  }
}

function forwardAt({ inChannels, outChannels, ...g }: ConvGeometry, x: Float32Array, w: Float32Array, index: number) {
  const o = index % outChannels;
  let sum = 0;
  window({ inChannels, outChannels, ...g }, Math.floor(index / outChannels), (neighbour, tap) => {
    for (let c = 0; c < inChannels; c++)
      sum += x[neighbour * inChannels + c]! * w[(tap * inChannels + c) * outChannels + o]!;
  });
  return sum;
}

function inputGradientAt(g: ConvGeometry, dy: Float32Array, w: Float32Array, index: number): number {
  const c = index % g.inChannels;
  let sum = 0;
  window(g, Math.floor(index / g.inChannels), (neighbour, tap) => {
    const row = ((26 - tap) * g.inChannels + c) * g.outChannels;
    for (let o = 0; o < g.outChannels; o++) sum += dy[neighbour * g.outChannels + o]! * w[row + o]!;
  });
  return sum;
}

function filterGradientAt(g: ConvGeometry, x: Float32Array, dy: Float32Array, index: number): number {
  const o = index % g.outChannels;
  const c = Math.floor(index / g.outChannels) % g.inChannels;
  const wanted = Math.floor(index / (g.outChannels * g.inChannels));
  let sum = 0;
  for (let voxel = 0; voxel < volumeOf(g.output); voxel++) {
    window(g, voxel, (neighbour, tap) => {
      if (tap === wanted) sum += x[neighbour * g.inChannels + c]! * dy[voxel * g.outChannels + o]!;
    });
  }
  return sum;
}
