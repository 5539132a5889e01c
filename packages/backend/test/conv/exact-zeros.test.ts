import { Rng } from '@seg/core';
import { backend_util } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Convolution } from '../../src/conv/convolution.ts';
import { type ConvGeometry, conv3dGeometry, volumeOf } from '../../src/conv/geometry.ts';
import { planFilterGradient } from '../../src/conv/plan.ts';
import { type GuardedRuntime, startGuardedRuntime } from './guarded-runtime.ts';
import { referenceFilterGradient } from './reference.ts';

// As in convolution.test.ts.
const tolerance = 1e-5;

const geometry = (
  input: readonly [number, number, number, number, number],
  kernel: readonly [number, number, number] = [3, 3, 3],
  pad: 'same' | number = 'same',
): ConvGeometry =>
  conv3dGeometry(backend_util.computeConv3DInfo([...input], [...kernel, input[4], input[4]], 1, 1, pad));

let runtime: GuardedRuntime;
beforeAll(async () => {
  runtime = await startGuardedRuntime();
});
afterAll(() => runtime.dispose());

/** Normal values, of which a part is exactly zero, as behind a ReLU. */
function sparse(count: number, zeros: number, rng: Rng): Float32Array {
  return Float32Array.from({ length: count }, () => (rng.bernoulli(zeros) ? 0 : rng.normal()));
}

/** How many filter gradients that vanish in exact arithmetic there are, how many of them come out as 0, and the errors. */
function measure(g: ConvGeometry, precision: 'fast' | 'direct', x: Float32Array, dy: Float32Array) {
  runtime.reset();
  const out = runtime.floats(volumeOf(g.kernel) * g.inChannels * g.outChannels);
  const [px, pdy] = [runtime.floats(x.length, x), runtime.floats(dy.length, dy)];
  new Convolution(runtime, { precision }).filterGradient(g, { x: px.pointer, dy: pdy.pointer, dw: out.pointer });
  const actual = out.read();
  const exact = referenceFilterGradient(g, x, dy);
  // Sums of sums of magnitudes vanish only where every product does.
  const magnitudes = referenceFilterGradient(g, x.map(Math.abs), dy.map(Math.abs));
  const largest = exact.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  let [vanishing, kept, noise, error] = [0, 0, 0, 0];
  for (const [i, value] of actual.entries()) {
    error = Math.max(error, Math.abs(value - exact[i]!) / largest);
    if (magnitudes[i] !== 0) continue;
    vanishing++;
    if (value === 0) kept++;
    noise = Math.max(noise, Math.abs(value) / largest);
  }
  return { vanishing, kept, noise, error };
}

describe('filter gradients that vanish in exact arithmetic', () => {
  it.each([
    ['2x2x2', geometry([1, 2, 2, 2, 16]), 0.5],
    ['2x2x2, batch 2', geometry([2, 2, 2, 2, 16]), 0.5],
    ['3x3x3', geometry([1, 3, 3, 3, 32]), 0.7],
    ['2x4x4', geometry([1, 2, 4, 4, 16]), 0.7],
    ['3x4x4', geometry([1, 3, 4, 4, 16]), 0.7],
    ['1x4x4', geometry([1, 1, 4, 4, 16]), 0.7],
    ['1x3x3 kernels on 2x3x3', geometry([1, 2, 3, 3, 16], [1, 3, 3]), 0.7],
    ['2x3x3 kernels on 3x3x3', geometry([1, 3, 3, 3, 16], [2, 3, 3]), 0.7],
    ['without padding', geometry([1, 5, 4, 4, 16], [3, 3, 3], 0), 0.7],
    ['wide padding', geometry([1, 2, 2, 2, 16], [3, 3, 3], 2), 0.5],
  ])('are 0 in small volumes: %s', (_name, g, zeros) => {
    const rng = Rng.fromSeed(7);
    const x = sparse(g.batch * volumeOf(g.input) * g.inChannels, zeros, rng);
    const dy = sparse(g.batch * volumeOf(g.output) * g.outChannels, zeros, rng);
    const { vanishing, kept, error } = measure(g, 'fast', x, dy);
    expect(vanishing).toBeGreaterThan(10);
    expect(kept).toBe(vanishing);
    expect(error).toBeLessThan(tolerance);
  });

  it('are 0 for channels that are 0 everywhere and for taps that lie outside, in any volume', () => {
    for (const g of [geometry([1, 8, 8, 8, 16]), geometry([1, 1, 12, 12, 16]), geometry([1, 9, 1, 9, 16])]) {
      const rng = Rng.fromSeed(8);
      const dead = (values: Float32Array) => values.map((v, i) => (i % 16 < 3 ? 0 : v));
      const x = dead(sparse(volumeOf(g.input) * 16, 0, rng));
      const dy = dead(sparse(volumeOf(g.output) * 16, 0, rng));
      const { vanishing, kept } = measure(g, 'fast', x, dy);
      expect(vanishing).toBeGreaterThanOrEqual(27 * (16 ** 2 - 13 ** 2));
      expect(kept).toBe(vanishing);
    }
  });

  it('are rounding in larger volumes that are almost empty with `fast`, and 0 with `direct`', () => {
    const g = geometry([1, 12, 12, 12, 16]);
    expect(planFilterGradient(g, 'fast')).toBeDefined();
    const rng = Rng.fromSeed(9);
    const [x, dy] = [sparse(1728 * 16, 0.995, rng), sparse(1728 * 16, 0.995, rng)];
    const fast = measure(g, 'fast', x, dy);
    expect(fast.vanishing).toBeGreaterThan(1000);
    expect(fast.kept).toBeLessThan(fast.vanishing);
    expect(fast.noise).toBeGreaterThan(0);
    expect(fast.noise).toBeLessThan(1e-6);
    const direct = measure(g, 'direct', x, dy);
    expect(direct).toMatchObject({ vanishing: fast.vanishing, kept: fast.vanishing });
  });
});
