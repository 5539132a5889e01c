import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import { doubles, type Kernel, sizeOf, valuesOf, withScratch } from './context.ts';
import type { PartialKernel } from './layout.ts';
import { partRange, partsFor } from './parts.ts';

function alike(a: TensorInfo, b: TensorInfo): boolean {
  return a.dtype === 'float32' && b.dtype === 'float32' && a.shape.join() === b.shape.join();
}

function binary(runtime: KernelRuntime, kernel: 'add' | 'multiply', a: TensorInfo, b: TensorInfo, y: TensorInfo): void {
  const size = sizeOf(y.shape);
  const parts = partsFor(size, 1);
  const head = [a, b, y].map((info) => runtime.pointer(info));
  runtime.run('fused', kernel, parts, (part) => [...head, ...partRange(size, part, parts)]);
}

/** tfjs's `Add` for tensors of one shape. */
export const add: PartialKernel = (runtime, { a, b }) => {
  if (!alike(a!, b!)) return undefined;
  const y = runtime.makeOutput(a!.shape, 'float32');
  binary(runtime, 'add', a!, b!, y);
  return y;
};

/** tfjs's `Multiply` for tensors of one shape, and for a tensor and a single number. */
export const multiply: PartialKernel = (runtime, { a, b }) => {
  if (alike(a!, b!)) {
    const y = runtime.makeOutput(a!.shape, 'float32');
    binary(runtime, 'multiply', a!, b!, y);
    return y;
  }
  if (a!.dtype !== 'float32' || b!.dtype !== 'float32') return undefined;
  const [tensor, number] = sizeOf(a!.shape) === 1 ? [b!, a!] : [a!, b!];
  if (sizeOf(number.shape) !== 1 || number.shape.length > tensor.shape.length) return undefined;
  const y = runtime.makeOutput(tensor.shape, 'float32');
  const factor = valuesOf(runtime, number)[0]!;
  const size = sizeOf(y.shape);
  const parts = partsFor(size, 1);
  const [from, to] = [runtime.pointer(tensor), runtime.pointer(y)];
  runtime.run('fused', 'scale', parts, (part) => [from, factor, to, ...partRange(size, part, parts)]);
  return y;
};

/** tfjs's `AddN`. */
export const addN: PartialKernel = (runtime, inputs) => {
  const [first, ...others] = Object.values(inputs);
  if (others.length === 0 || !others.every((x) => alike(first!, x))) return undefined;
  const y = runtime.makeOutput(first!.shape, 'float32');
  others.forEach((x, i) => {
    binary(runtime, 'add', i === 0 ? first! : y, x, y);
  });
  return y;
};

/** The kernel `SegSumOfSquares`. */
export const sumOfSquares: Kernel = (runtime, { x }) => {
  const size = sizeOf(x!.shape);
  const parts = partsFor(Math.max(1, size), 1);
  const y = runtime.makeOutput([], 'float32');
  withScratch(runtime, parts * 8, ({ pointer }) => {
    const from = runtime.pointer(x!);
    runtime.run('fused', 'sumOfSquares', parts, (part) => [from, ...partRange(size, part, parts), pointer + part * 8]);
    valuesOf(runtime, y)[0] = doubles(runtime, pointer, parts).reduce((a, b) => a + b, 0);
  });
  return y;
};
