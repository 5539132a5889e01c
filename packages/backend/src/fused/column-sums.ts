import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';

interface Known {
  readonly version: number;
  readonly sums: Float64Array;
}

// By the memory they belong to; goes with it.
const known = new WeakMap<object, Known>();

/**
 * Keeps the sums over all axes but the last of a tensor that a kernel has made. A norm's gradient knows them without
 * reading its result, and the bias of the convolution before the norm asks for them.
 */
export function rememberColumnSums(runtime: KernelRuntime, x: TensorInfo, sums: Float64Array): void {
  known.set(x.dataId, { version: runtime.version(x.dataId), sums });
}

/** The sums that are known for a tensor with so many channels; undefined when its values were changed since. */
export function columnSumsOf(runtime: KernelRuntime, x: TensorInfo): Float64Array | undefined {
  const entry = known.get(x.dataId);
  if (entry?.version !== runtime.version(x.dataId)) return undefined;
  return entry.sums.length === x.shape.at(-1) ? entry.sums : undefined;
}
