import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import { doubles, sizeOf, valuesOf, withScratch } from './context.ts';
import type { PartialKernel } from './layout.ts';
import { partRange, partsFor } from './parts.ts';
import { foldSums, planRows } from './rows.ts';

/** tfjs's `Sum`; its own adds in float32 one by one, which is off by a tenth for ten million values. */
export const sum: PartialKernel = (runtime, { x }, attrs) => reduce(runtime, x!, attrs, false);

/** tfjs's `Mean`, likewise. */
export const mean: PartialKernel = (runtime, { x }, attrs) => reduce(runtime, x!, attrs, true);

// Up to this many runs each is cut into parts, so that few long ones keep all threads busy.
const longRuns = 8;

function reduce(runtime: KernelRuntime, x: TensorInfo, attrs: Record<string, unknown>, average: boolean) {
  const axes = util.parseAxisParam(attrs.axis as number[], x.shape).sort((a, b) => a - b);
  const neighbours = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1);
  if (x.dtype !== 'float32' || axes.length === 0) return undefined;
  const shape = x.shape.flatMap((n, axis) => (!axes.includes(axis) ? [n] : attrs.keepDims ? [1] : []));
  if (sizeOf(x.shape) === 0) {
    // tfjs's own leaves what was in memory.
    const y = runtime.makeOutput(shape, 'float32');
    valuesOf(runtime, y).fill(0);
    return y;
  }
  if (!neighbours) return undefined;
  const before = sizeOf(x.shape.slice(0, axes[0]));
  const count = sizeOf(x.shape.slice(axes[0], axes.at(-1)! + 1));
  const after = sizeOf(x.shape.slice(axes.at(-1)! + 1));
  const y = runtime.makeOutput(shape, 'float32');
  if (after === 1 && before > longRuns) {
    shortRuns(runtime, x, before, count, average ? 1 / count : 1, y);
    return y;
  }
  const sums = after === 1 ? flatSums(runtime, x, before, count) : columnSums(runtime, x, before, count, after);
  const values = valuesOf(runtime, y);
  for (let i = 0; i < sums.length; i++) values[i] = average ? sums[i]! / count : sums[i]!;
  return y;
}

/** Many runs of neighbouring values: whole runs are dealt out, none is cut. */
function shortRuns(runtime: KernelRuntime, x: TensorInfo, runs: number, count: number, factor: number, y: TensorInfo) {
  const parts = partsFor(runs, count);
  const [from, to] = [runtime.pointer(x), runtime.pointer(y)];
  runtime.run('fused', 'sumRuns', parts, (part) => [from, ...partRange(runs, part, parts), count, factor, to]);
}

/** Sums of `before` runs of `count` neighbouring values. */
function flatSums(runtime: KernelRuntime, x: TensorInfo, before: number, count: number): Float64Array {
  const parts = partsFor(count, 1);
  return withScratch(runtime, before * parts * 8, ({ pointer }) => {
    const from = runtime.pointer(x);
    runtime.run('fused', 'sumFlat', before * parts, (part) => {
      const start = Math.floor(part / parts) * count;
      const [first, end] = partRange(count, part % parts, parts);
      return [from, start + first, start + end, pointer + part * 8];
    });
    const all = doubles(runtime, pointer, before * parts);
    return Float64Array.from({ length: before }, (_, i) =>
      all.subarray(i * parts, (i + 1) * parts).reduce((a, b) => a + b, 0),
    );
  });
}

/** Sums over the rows of `before` matrices of `count` rows and `after` columns. */
function columnSums(runtime: KernelRuntime, x: TensorInfo, before: number, count: number, after: number): Float64Array {
  const plan = planRows(count, after);
  const { width, parts } = plan;
  return withScratch(runtime, before * parts * width * 8, ({ pointer }) => {
    const from = runtime.pointer(x);
    runtime.run('fused', 'sumRows', before * parts, (part) => {
      const [first, end, tail] = plan.range(part % parts);
      const matrix = from + Math.floor(part / parts) * count * after * 4;
      return [matrix, first, end, width, tail, pointer + part * width * 8];
    });
    const all = doubles(runtime, pointer, before * parts * width);
    const sums = new Float64Array(before * after);
    for (let i = 0; i < before; i++) sums.set(foldSums(all, i * parts * width, width, width, parts, after), i * after);
    return sums;
  });
}
