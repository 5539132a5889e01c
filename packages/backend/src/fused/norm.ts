import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import { rememberColumnSums } from './column-sums.ts';
import { doubles, floats, type Kernel, sizeOf, valuesOf, withScratch } from './context.ts';
import { foldSums, planRows, type RowPlan, repeatInto } from './rows.ts';

interface NormAttrs {
  readonly groups: number;
  readonly epsilon: number;
  readonly negativeSlope: number;
}

/** Shape of a norm's problem and where its numbers lie. */
interface Problem extends NormAttrs {
  readonly samples: number;
  readonly positions: number;
  readonly channels: number;
  readonly plan: RowPlan;
  readonly sampleBytes: number;
}

function problemOf(x: TensorInfo, attrs: Record<string, unknown>): Problem {
  const { groups, epsilon, negativeSlope } = attrs as unknown as NormAttrs;
  const samples = x.shape[0]!;
  const channels = x.shape.at(-1)!;
  const positions = sizeOf(x.shape.slice(1, -1));
  const plan = planRows(positions, channels);
  return { groups, epsilon, negativeSlope, samples, positions, channels, plan, sampleBytes: positions * channels * 4 };
}

/** The kernel `SegNormActivation`. */
export const normActivation: Kernel = (runtime, { x, scale, offset }, attrs) => {
  const problem = problemOf(x!, attrs);
  const { samples, groups, positions, channels, plan, sampleBytes, negativeSlope } = problem;
  const y = runtime.makeOutput(x!.shape, 'float32');
  const mean = runtime.makeOutput([samples, groups], 'float32');
  const invStd = runtime.makeOutput([samples, groups], 'float32');
  if (samples * positions * channels === 0) return [y, mean, invStd];
  // A sample's three rows of coefficients; before that, its pivot.
  const tableBytes = 3 * plan.width * 4;
  withScratch(runtime, samples * tableBytes, ({ pointer: tables }) => {
    statistics(runtime, x!, problem, tables, tableBytes, mean, invStd);
    for (let n = 0; n < samples; n++) {
      applyCoefficients(runtime, problem, { scale: scale!, offset: offset!, mean, invStd }, n, tables + n * tableBytes);
    }
    const [from, to] = [runtime.pointer(x!), runtime.pointer(y)];
    const parts = samples * plan.parts;
    runtime.run('fused', 'normApply', parts, (turn) => {
      // What the statistics read last is still in a cache.
      const part = parts - 1 - turn;
      const n = Math.floor(part / plan.parts);
      const [first, end, tail] = plan.range(part % plan.parts);
      const at = n * sampleBytes;
      return [from + at, first, end, plan.width, tail, tables + n * tableBytes, negativeSlope, to + at];
    });
  });
  return [y, mean, invStd];
};

// Positions that the pivot is taken from: three groups of three.
const pivotPositions = 9;

/**
 * A value near the mean for every channel of a sample: the middle one of the middle ones of three times three positions
 * all over the volume. Squares of differences to it are summed in float32, so that it may not be an outlier, as the
 * corner of a masked volume is.
 */
function pivotOf(sample: Float32Array, positions: number, channels: number): Float32Array {
  const places = Array.from(
    { length: pivotPositions },
    (_, i) => Math.floor(((i + 0.5) * positions) / pivotPositions) * channels,
  );
  return Float32Array.from({ length: channels }, (_, c) => {
    const at = (i: number) => sample[places[i]! + c]!;
    const group = (i: number) => middle(at(i), at(i + 3), at(i + 6));
    return middle(group(0), group(1), group(2));
  });
}

const middle = (a: number, b: number, c: number) => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/** Mean and inverse standard deviation per sample and group, from sums of differences to a pivot. */
function statistics(
  runtime: KernelRuntime,
  x: TensorInfo,
  { samples, positions, channels, groups, epsilon, plan, sampleBytes }: Problem,
  pivots: number,
  pivotBytes: number,
  mean: TensorInfo,
  invStd: TensorInfo,
): void {
  // float64 [2][width] of sums, float32 [2][width] of scratch.
  const block = 3 * plan.width;
  const from = runtime.pointer(x);
  withScratch(runtime, samples * plan.parts * block * 8, ({ pointer: sums }) => {
    const pivotsOfSamples = Array.from({ length: samples }, (_, n) => {
      const pivot = pivotOf(floats(runtime, from + n * sampleBytes, positions * channels), positions, channels);
      repeatInto(floats(runtime, pivots + n * pivotBytes, plan.width), 0, plan.width, pivot);
      return pivot;
    });
    runtime.run('fused', 'normStats', samples * plan.parts, (part) => {
      const n = Math.floor(part / plan.parts);
      const [first, end, tail] = plan.range(part % plan.parts);
      return [from + n * sampleBytes, first, end, plan.width, tail, pivots + n * pivotBytes, sums + part * block * 8];
    });
    const all = doubles(runtime, sums, samples * plan.parts * block);
    const [means, inverses] = [valuesOf(runtime, mean), valuesOf(runtime, invStd)];
    for (let n = 0; n < samples; n++) {
      const pivot = pivotsOfSamples[n]!;
      const at = n * plan.parts * block;
      const sum = foldSums(all, at, block, plan.width, plan.parts, channels);
      const squares = foldSums(all, at + plan.width, block, plan.width, plan.parts, channels);
      const size = channels / groups;
      for (let g = 0; g < groups; g++) {
        // Means of the group's channels first, then the spread around and between them.
        let groupMean = 0;
        for (let c = g * size; c < (g + 1) * size; c++) groupMean += (pivot[c]! + sum[c]! / positions) / size;
        let spread = 0;
        for (let c = g * size; c < (g + 1) * size; c++) {
          const delta = sum[c]! / positions;
          const own = Math.max(0, squares[c]! / positions - delta * delta);
          spread += (own + (pivot[c]! + delta - groupMean) ** 2) / size;
        }
        means[n * groups + g] = groupMean;
        inverses[n * groups + g] = 1 / Math.sqrt(spread + epsilon);
      }
    }
  });
}

/** Writes rows 0..2 of a sample's table: before the activation, y = [0] * (x - [2]) + [1]. */
function applyCoefficients(
  runtime: KernelRuntime,
  { channels, groups, plan }: Problem,
  { scale, offset, mean, invStd }: Record<string, TensorInfo>,
  n: number,
  table: number,
): void {
  const means = valuesOf(runtime, mean!).subarray(n * groups, (n + 1) * groups);
  const inverses = valuesOf(runtime, invStd!).subarray(n * groups, (n + 1) * groups);
  const gamma = valuesOf(runtime, scale!);
  const groupOf = (c: number) => Math.floor((c * groups) / channels);
  const rows = floats(runtime, table, 3 * plan.width);
  const factors = Float32Array.from({ length: channels }, (_, c) => gamma[c]! * inverses[groupOf(c)]!);
  repeatInto(rows, 0, plan.width, factors);
  repeatInto(rows, plan.width, plan.width, valuesOf(runtime, offset!));
  repeatInto(
    rows,
    2 * plan.width,
    plan.width,
    factors.map((_, c) => means[groupOf(c)]!),
  );
}

/** Sums over all samples and positions, one number a channel. */
interface Totals {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
  readonly dx: Float64Array;
}

/** float64 numbers of a part: [3][width] of sums, then float32 [3][width] of scratch. */
const gradBlock = ({ width }: RowPlan) => 4.5 * width;

/** The kernel `SegNormActivationGrad`. */
export const normActivationGrad: Kernel = (runtime, inputs, attrs) => {
  const { x, dy } = inputs;
  const problem = problemOf(x!, attrs);
  const { samples, positions, channels, plan, sampleBytes, negativeSlope } = problem;
  const dx = runtime.makeOutput(x!.shape, 'float32');
  const dScale = runtime.makeOutput([channels], 'float32');
  const dOffset = runtime.makeOutput([channels], 'float32');
  const totals: Totals = {
    scale: new Float64Array(channels),
    offset: new Float64Array(channels),
    dx: new Float64Array(channels),
  };
  const tableBytes = 6 * plan.width * 4;
  const block = gradBlock(plan);
  const work = samples * positions * channels > 0;
  const run = (kernel: string, tables: number, last: (part: number, at: number) => number, backwards = false) => {
    const [from, grad] = [runtime.pointer(x!), runtime.pointer(dy!)];
    runtime.run('fused', kernel, samples * plan.parts, (turn) => {
      const part = backwards ? samples * plan.parts - 1 - turn : turn;
      const n = Math.floor(part / plan.parts);
      const [first, end, tail] = plan.range(part % plan.parts);
      const at = n * sampleBytes;
      const table = tables + n * tableBytes;
      return [from + at, grad + at, first, end, plan.width, tail, table, negativeSlope, last(part, at)];
    });
  };
  if (work) {
    withScratch(runtime, samples * (tableBytes + plan.parts * block * 8), ({ pointer: sums }) => {
      const tables = sums + samples * plan.parts * block * 8;
      for (let n = 0; n < samples; n++) applyCoefficients(runtime, problem, inputs, n, tables + n * tableBytes);
      run('normGradStats', tables, (part) => sums + part * block * 8);
      for (let n = 0; n < samples; n++)
        backCoefficients(runtime, problem, inputs, sums, tables + n * tableBytes, n, totals);
      const to = runtime.pointer(dx);
      run('normGradApply', tables, (_, at) => to + at, true);
    });
  }
  rememberColumnSums(runtime, dx, totals.dx);
  valuesOf(runtime, dScale).set(totals.scale);
  valuesOf(runtime, dOffset).set(totals.offset);
  return [dx, dScale, dOffset];
};

/**
 * Writes rows 3..5 of a sample's table: dx = [3] * g + [4] * (x - [2]) + [5], which is scale * invStd * g minus the mean of that over
 * the group minus the normalised x times the mean of their product (the gradient of Wu and He 2018, equation 1).
 */
function backCoefficients(
  runtime: KernelRuntime,
  { channels, groups, positions, plan }: Problem,
  { scale, invStd }: Record<string, TensorInfo>,
  sums: number,
  table: number,
  n: number,
  totals: Totals,
): void {
  const block = gradBlock(plan);
  const all = doubles(runtime, sums + n * plan.parts * block * 8, plan.parts * block);
  const g = foldSums(all, 0, block, plan.width, plan.parts, channels);
  const gx = foldSums(all, plan.width, block, plan.width, plan.parts, channels);
  const centred = foldSums(all, 2 * plan.width, block, plan.width, plan.parts, channels);
  const [gamma, inverses] = [valuesOf(runtime, scale!), valuesOf(runtime, invStd!)];
  const rows = [new Float32Array(channels), new Float32Array(channels), new Float32Array(channels)] as const;
  const size = channels / groups;
  for (let group = 0; group < groups; group++) {
    const r = inverses[n * groups + group]!;
    let sum = 0;
    let product = 0;
    for (let c = group * size; c < (group + 1) * size; c++) {
      totals.scale[c]! += r * gx[c]!;
      totals.offset[c]! += g[c]!;
      sum += gamma[c]! * g[c]!;
      product += gamma[c]! * r * gx[c]!;
    }
    sum /= positions * size;
    product /= positions * size;
    for (let c = group * size; c < (group + 1) * size; c++) {
      rows[0][c] = gamma[c]! * r;
      rows[1][c] = -r * r * product;
      rows[2][c] = -r * sum;
      totals.dx[c]! += gamma[c]! * r * g[c]! - r * r * product * centred[c]! - r * sum * positions;
    }
  }
  const target = floats(runtime, table, 6 * plan.width);
  rows.forEach((row, i) => {
    repeatInto(target, (3 + i) * plan.width, plan.width, row);
  });
}
