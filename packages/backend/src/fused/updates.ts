import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
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
  const { learningRate, momentum, weightDecay, gradScale } = attrs as Record<string, number>;
  const numbers = [learningRate!, momentum!, weightDecay!, gradScale!, attrs.nesterov ? 1 : 0];
  inPlace(runtime, 'sgd', [param!, grad!, velocity!], numbers);
  return [];
};

/** The kernel `SegAdamUpdate`. */
export const adamUpdate: Kernel = (runtime, { param, grad, first, second }, attrs) => {
  const { learningRate, beta1, beta2, epsilon, weightDecay, gradScale, step } = attrs as Record<string, number>;
  const rate = learningRate! / (1 - beta1! ** step!);
  const correction = 1 / Math.sqrt(1 - beta2! ** step!);
  const coupled = attrs.decoupled ? 0 : weightDecay!;
  const keep = attrs.decoupled ? 1 - learningRate! * weightDecay! : 1;
  const numbers = [rate, beta1!, beta2!, 1 - beta1!, 1 - beta2!, correction, epsilon!, coupled, keep, gradScale!];
  inPlace(runtime, 'adam', [param!, grad!, first!, second!], numbers);
  return [];
};
