import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import { adamNumbers, sgdNumbers } from '../update-numbers.ts';
import { type Kernel, sizeOf } from './context.ts';
import { partRange, partsFor } from './parts.ts';

function inPlace(
  runtime: KernelRuntime,
  kernel: 'sgd' | 'adam',
  [param, grad, ...state]: readonly TensorInfo[],
  numbers: readonly number[],
): void {
  const size = sizeOf(param!.shape);
  const parts = partsFor(Math.max(1, size), 4);
  const head = [param!, grad!, ...state].map((info) => runtime.pointer(info));
  runtime.run('fused', kernel, parts, (part) => [...head, ...partRange(size, part, parts), ...numbers]);
  for (const changed of [param!, ...state]) runtime.bumpVersion(changed.dataId);
}

/** The kernel `SegSgdUpdate`. */
export const sgdUpdate: Kernel = (runtime, { param, grad, velocity }, attrs) => {
  inPlace(runtime, 'sgd', [param!, grad!, velocity!], sgdNumbers(attrs));
  return [];
};

/** The kernel `SegAdamUpdate`. */
export const adamUpdate: Kernel = (runtime, { param, grad, first, second }, attrs) => {
  inPlace(runtime, 'adam', [param!, grad!, first!, second!], adamNumbers(attrs));
  return [];
};
