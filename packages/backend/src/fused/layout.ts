import { backend_util, slice_util, type Tensor, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { TfjsRuntime } from '../runtime/kernel-runtime.ts';
import { type Kernel, sizeOf } from './context.ts';
import { copyBox, stridesOf } from './copy-box.ts';
import { partRange, partsFor } from './parts.ts';

/** A kernel that hands back to tfjs's own (undefined) what it does not cover. */
export type PartialKernel = (...args: Parameters<Kernel>) => ReturnType<Kernel> | undefined;

const isWord = (info: TensorInfo) => info.dtype === 'float32' || info.dtype === 'int32';

/** tfjs's `Slice`, for any rank whose axes join to five or fewer. */
export const slice: PartialKernel = (runtime, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const [begin, size] = slice_util.parseSliceParams(
    x as Parameters<typeof slice_util.parseSliceParams>[0],
    attrs.begin as number[],
    attrs.size as number[],
  ) as [number[], number[]];
  slice_util.assertParamsValid(x as Parameters<typeof slice_util.assertParamsValid>[0], begin, size);
  const strides = stridesOf(x!.shape);
  const start = begin.reduce((sum, b, axis) => sum + b * strides[axis]!, 0);
  const y = runtime.makeOutput(size, x!.dtype);
  const box = { sizes: size, from: strides, to: stridesOf(size) };
  return finish(runtime, y, copyBox(runtime, box, runtime.pointer(x!) + start * 4, runtime.pointer(y)));
};

/** tfjs's `SplitV`, the gradient of a concatenation; tfjs's own takes the general path of slice, 70 times slower. */
export const split: PartialKernel = (runtime, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const axis = util.parseAxisParam(attrs.axis as number, x!.shape)[0]!;
  const sizes = backend_util.prepareSplitSize(x as Tensor, attrs.numOrSizeSplits as number[], axis);
  const pair = splitPair(runtime, x!, axis, sizes);
  if (pair !== undefined) return pair;
  const from = stridesOf(x!.shape);
  let start = 0;
  const outputs: TensorInfo[] = [];
  for (const length of sizes) {
    const shape = x!.shape.map((n, a) => (a === axis ? length : n));
    const y = runtime.makeOutput(shape, x!.dtype);
    outputs.push(y);
    const place = runtime.pointer(x!) + start * from[axis]! * 4;
    start += length;
    if (copyBox(runtime, { sizes: shape, from, to: stridesOf(shape) }, place, runtime.pointer(y))) continue;
    for (const output of outputs) runtime.disposeOutput(output);
    return undefined;
  }
  return outputs;
};

// With so many rows (the channels of voxels, say) both pieces of a row are copied in turn, not one tensor at a time.
const manyRows = 256;

function rowsBefore(shape: readonly number[], axis: number): number {
  return sizeOf(shape.slice(0, axis));
}

/** A split into two along an axis after many places: the two halves of a U-Net's concatenation. */
function splitPair(runtime: TfjsRuntime, x: TensorInfo, axis: number, sizes: readonly number[]) {
  const rows = rowsBefore(x.shape, axis);
  if (sizes.length !== 2 || rows < manyRows) return undefined;
  const outputs = sizes.map((length) => {
    const shape = x.shape.map((n, a) => (a === axis ? length : n));
    return runtime.makeOutput(shape, x.dtype);
  });
  copyPair(runtime, 'splitRows', outputs as [TensorInfo, TensorInfo], x, axis);
  return outputs;
}

/** Copies rows of the pieces into the whole (`joinRows`), or of the whole into the pieces (`splitRows`). */
function copyPair(
  runtime: TfjsRuntime,
  kernel: 'joinRows' | 'splitRows',
  pieces: readonly [TensorInfo, TensorInfo],
  whole: TensorInfo,
  axis: number,
): void {
  const rows = rowsBefore(whole.shape, axis);
  const all = runtime.pointer(whole);
  const places = pieces.flatMap((piece) => [runtime.pointer(piece), sizeOf(piece.shape.slice(axis)) * 4]);
  const head = kernel === 'joinRows' ? [...places, all] : [all, ...places];
  const parts = partsFor(rows, sizeOf(whole.shape.slice(axis)));
  runtime.run('fused', kernel, parts, (part) => [...head, ...partRange(rows, part, parts)]);
}

/** tfjs's `Identity`: the same memory once more; tfjs's own copies it, for every tensor that a gradient saves. */
export const identity: Kernel = (runtime, { x }) => {
  runtime.backend.incRef(x!.dataId);
  return { dataId: x!.dataId, shape: x!.shape, dtype: x!.dtype };
};

/** tfjs's `Concat`. */
export const concat: PartialKernel = (runtime, inputs, attrs) => {
  const all = Object.values(inputs);
  const first = all[0]!;
  if (!all.every((x) => isWord(x) && x.dtype === first.dtype && x.shape.length === first.shape.length))
    return undefined;
  const axis = util.parseAxisParam(attrs.axis as number, first.shape)[0]!;
  backend_util.assertParamsConsistent(
    all.map((x) => x.shape),
    axis,
  );
  const shape = [...first.shape];
  shape[axis] = all.reduce((sum, x) => sum + x.shape[axis]!, 0);
  const y = runtime.makeOutput(shape, first.dtype);
  if (all.length === 2 && rowsBefore(shape, axis) >= manyRows) {
    copyPair(runtime, 'joinRows', [first, all[1]!], y, axis);
    return y;
  }
  const to = stridesOf(shape);
  let place = runtime.pointer(y);
  const done = all.every((x) => {
    const box = { sizes: x.shape, from: stridesOf(x.shape), to };
    const target = place;
    place += x.shape[axis]! * to[axis]! * 4;
    return copyBox(runtime, box, runtime.pointer(x), target);
  });
  return finish(runtime, y, done);
};

/** tfjs's `Pack`: a concatenation along a new axis. */
export const pack: PartialKernel = (runtime, inputs, attrs) => {
  const all = Object.values(inputs);
  const { shape } = all[0]!;
  util.assert(
    all.every((x) => util.arraysEqual(x.shape, shape)),
    () => 'stack: all tensors must have the same shape',
  );
  const axis = (attrs.axis as number) < 0 ? (attrs.axis as number) + shape.length + 1 : (attrs.axis as number);
  const widened = all.map((x) => ({ ...x, shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)] }));
  return concat(runtime, Object.fromEntries(widened.entries()), { axis });
};

/** tfjs's `Unpack`: slices of one place along an axis, which they lose. */
export const unpack: PartialKernel = (runtime, { value }, attrs) => {
  const { shape } = value!;
  const axis = (attrs.axis as number) < 0 ? (attrs.axis as number) + shape.length : (attrs.axis as number);
  const pieces = split(runtime, { x: value! }, { axis, numOrSizeSplits: shape[axis]! });
  const narrow = shape.filter((_, a) => a !== axis);
  return (pieces as TensorInfo[] | undefined)?.map((piece) => {
    const data = runtime.backend.dataIdMap.get(piece.dataId) as { shape: number[] };
    data.shape = narrow;
    return { ...piece, shape: narrow };
  });
};

/** tfjs's `Tile`. */
export const tile: PartialKernel = (runtime, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const reps = attrs.reps as number[];
  const shape = x!.shape.map((n, axis) => n * reps[axis]!);
  const [from, to] = [stridesOf(x!.shape), stridesOf(shape)];
  // Each axis twice: copies, which read the same values again, and the places of one copy.
  const box = {
    sizes: x!.shape.flatMap((n, axis) => [reps[axis]!, n]),
    from: from.flatMap((stride) => [0, stride]),
    to: to.flatMap((stride, axis) => [stride * x!.shape[axis]!, stride]),
  };
  const y = runtime.makeOutput(shape, x!.dtype);
  return finish(runtime, y, copyBox(runtime, box, runtime.pointer(x!), runtime.pointer(y)));
};

/** tfjs's `Reverse`. */
export const reverse: PartialKernel = (runtime, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const axes = util.parseAxisParam(attrs.dims as number[], x!.shape);
  const strides = stridesOf(x!.shape);
  const from = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
  const start = axes.reduce((sum, axis) => sum + (x!.shape[axis]! - 1) * strides[axis]!, 0);
  const y = runtime.makeOutput(x!.shape, x!.dtype);
  const box = { sizes: x!.shape, from, to: strides };
  return finish(runtime, y, copyBox(runtime, box, runtime.pointer(x!) + start * 4, runtime.pointer(y)));
};

/** tfjs's `PadV2`. */
export const pad: PartialKernel = (runtime, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const paddings = attrs.paddings as [number, number][];
  const shape = x!.shape.map((n, axis) => n + paddings[axis]![0] + paddings[axis]![1]);
  const y = runtime.makeOutput(shape, x!.dtype);
  const constant = (attrs.constantValue as number | undefined) ?? 0;
  const bits = new Int32Array(x!.dtype === 'int32' ? [constant] : new Float32Array([constant]).buffer)[0]!;
  runtime.exports('fused').fill!(runtime.pointer(y), sizeOf(shape), bits);
  const to = stridesOf(shape);
  const start = paddings.reduce((sum, [before], axis) => sum + before * to[axis]!, 0);
  const box = { sizes: x!.shape, from: stridesOf(x!.shape), to };
  return finish(runtime, y, copyBox(runtime, box, runtime.pointer(x!), runtime.pointer(y) + start * 4));
};

function finish(runtime: TfjsRuntime, y: TensorInfo, done: boolean): TensorInfo | undefined {
  if (done) return y;
  runtime.disposeOutput(y);
  return undefined;
}
