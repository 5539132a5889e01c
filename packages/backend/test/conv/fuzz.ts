import type { Rng } from '@seg/core';
import { backend_util } from '@tensorflow/tfjs-core';
import type { Convolution } from '../../src/conv/convolution.ts';
import { allAre, type ConvGeometry, conv3dGeometry, volumeOf } from '../../src/conv/geometry.ts';
import { applicableVariants, winogradApplies } from '../../src/conv/plan.ts';
import { stridedApplies, stridedFilterGradient, stridedInputGradient } from '../../src/conv/strided-convolution.ts';
import { WeightCache } from '../../src/conv/weight-cache.ts';
import { type WinogradPlan, winogradForward, winogradInputGradient } from '../../src/conv/winograd-convolution.ts';
import { winogradFilterGradient } from '../../src/conv/winograd-filter-gradient.ts';
import type { GuardedRuntime } from './guarded-runtime.ts';
import { referenceFilterGradient, referenceForward, referenceInputGradient, relativeError } from './reference.ts';

/** Relative errors of one shape. */
export interface ShapeErrors {
  readonly forward: number;
  /** Undefined for dilated convolutions, which have no gradients in tfjs-core. */
  readonly inputGradient: number | undefined;
  readonly filterGradient: number;
}

const most = { multiplications: 2e7, voxels: 20_000 };

/** A random 3-D convolution as tfjs-core would describe it, small enough for a reference in plain loops. */
export function randomGeometry(rng: Rng): ConvGeometry {
  for (;;) {
    const integer = (low: number, high: number) => low + Math.floor(rng.uniform() * (high - low + 1));
    const pick = <T>(items: readonly T[]): T => items[integer(0, items.length - 1)]!;
    const cube = rng.uniform() < 0.5;
    const three = (f: () => number): [number, number, number] => {
      const first = f();
      return cube ? [first, first, first] : [first, f(), f()];
    };
    const kind = rng.uniform();
    const kernel: [number, number, number] =
      kind < 0.4
        ? (pick([
            [3, 3, 3],
            [1, 3, 3],
            [3, 3, 3],
            [2, 3, 3],
            [3, 1, 1],
          ] as const).slice() as [number, number, number])
        : three(() => integer(1, 5));
    const stride: [number, number, number] =
      kind < 0.22 ? [1, 1, 1] : kind < 0.4 ? [pick([1, 2, 2, 3]), 2, 2] : three(() => integer(1, 3));
    const dilation =
      stride.every((s) => s === 1) && kind > 0.7 ? three(() => integer(1, 2)) : ([1, 1, 1] as [number, number, number]);
    const size = three(() => integer(1, 13));
    const channels = () => (rng.uniform() < 0.5 ? integer(1, 20) : integer(1, 70));
    const [ci, co, batch] = [channels(), channels(), integer(1, 3)];
    const pad = pick(['same', 'valid', 1, 2, integer(0, 4)] as const);
    const info = backend_util.computeConv3DInfo([batch, ...size, ci], [...kernel, ci, co], stride, dilation, pad);
    const g = conv3dGeometry(info);
    if (g.output.some((n) => n < 1)) continue;
    const work = g.batch * volumeOf(g.output) * volumeOf(g.kernel) * ci * co;
    if (work > most.multiplications || g.batch * volumeOf(g.input) * Math.max(ci, co) > 40 * most.voxels) continue;
    return g;
  }
}

export function randomFloats(rng: Rng, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = rng.uniform() * 2 - 1;
  return values;
}

/** Another way to compute the same: a random Winograd plan where the shape allows it. */
function randomPlan(g: ConvGeometry, rng: Rng): WinogradPlan | undefined {
  if (!winogradApplies(g)) return undefined;
  const variant = rng.choice(applicableVariants(g));
  return { variant, blockTiles: rng.choice([0, 0, 6, 13, 48]), pairs: variant === '44' && rng.bernoulli(0.5) };
}

/**
 * Runs the three directions on one shape, planned or by a random Winograd plan, and compares them with float64; fails
 * on damaged guard zones.
 */
export function measureShape(
  runtime: GuardedRuntime,
  convolution: Convolution,
  g: ConvGeometry,
  rng: Rng,
): ShapeErrors {
  const inputs = g.batch * volumeOf(g.input) * g.inChannels;
  const outputs = g.batch * volumeOf(g.output) * g.outChannels;
  const weightCount = volumeOf(g.kernel) * g.inChannels * g.outChannels;
  const x = randomFloats(rng, inputs);
  const w = randomFloats(rng, weightCount);
  const bias = randomFloats(rng, g.outChannels);
  const dy = randomFloats(rng, outputs);
  runtime.reset();
  const places = {
    x: runtime.floats(inputs, x),
    w: runtime.floats(weightCount, w),
    bias: runtime.floats(g.outChannels, bias),
    dy: runtime.floats(outputs, dy),
    y: runtime.floats(outputs),
    dx: runtime.floats(inputs),
    dw: runtime.floats(weightCount),
  };
  const weights = places.w.pointer;
  const [forward, inputGradient, filterGradient] = [
    { x: places.x.pointer, weights, bias: places.bias.pointer, y: places.y.pointer },
    { dy: places.dy.pointer, weights, dx: places.dx.pointer },
    { x: places.x.pointer, dy: places.dy.pointer, dw: places.dw.pointer },
  ];
  const dilated = g.dilation.some((d) => d !== 1);
  const plan = rng.bernoulli(0.7) ? randomPlan(g, rng) : undefined;
  const context = { runtime, weights: new WeightCache(runtime, 0) };
  const strided = stridedApplies(g) && rng.bernoulli(0.7);
  if (plan === undefined) convolution.forward(g, forward);
  else winogradForward(context, g, plan, forward);
  runtime.checkGuards();
  if (strided) stridedInputGradient(context, g, inputGradient);
  else if (plan !== undefined && allAre(g.stride, 1)) winogradInputGradient(context, g, plan, inputGradient);
  else if (!dilated) convolution.inputGradient(g, inputGradient);
  runtime.checkGuards();
  if (strided) stridedFilterGradient(context, g, filterGradient);
  else if (plan === undefined || g.stride[1] === 2) convolution.filterGradient(g, filterGradient);
  else winogradFilterGradient(context, g, plan, filterGradient);
  runtime.checkGuards();
  return {
    forward: relativeError(places.y.read(), referenceForward(g, x, w, bias)),
    inputGradient: dilated ? undefined : relativeError(places.dx.read(), referenceInputGradient(g, dy, w)),
    filterGradient: relativeError(places.dw.read(), referenceFilterGradient(g, x, dy)),
  };
}
