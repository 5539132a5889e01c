import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelOverrides } from '../override-kernel.ts';
import type { KernelRuntime, Scratch, TfjsRuntime } from '../runtime/kernel-runtime.ts';

/** A kernel as this package writes them: inputs and attributes in, one or more tensors out. */
export type Kernel = (
  runtime: TfjsRuntime,
  inputs: Record<string, TensorInfo>,
  attrs: Record<string, unknown>,
) => TensorInfo | TensorInfo[];

/** Registers a kernel for tfjs's wasm backend; returns the one that was there. */
export function registerWasmKernel(
  overrides: KernelOverrides,
  runtime: TfjsRuntime,
  kernelName: string,
  kernel: Kernel,
): KernelConfig | undefined {
  return overrides.register(kernelName, ({ inputs, attrs }) =>
    runtime.attempt(() =>
      kernel(runtime, inputs as Record<string, TensorInfo>, (attrs ?? {}) as Record<string, unknown>),
    ),
  );
}

/** Runs `use` with scratch memory and gives it back. */
export function withScratch<T>(runtime: KernelRuntime, bytes: number, use: (scratch: Scratch) => T): T {
  const scratch = runtime.scratch(bytes);
  try {
    return use(scratch);
  } finally {
    scratch.release();
  }
}

/** `count` float32 numbers of tfjs's memory; valid until the next allocation. */
export function floats(runtime: KernelRuntime, pointer: number, count: number): Float32Array {
  return new Float32Array(runtime.memory.buffer, pointer, count);
}

/** `count` float64 numbers of tfjs's memory at a multiple of 8; valid until the next allocation. */
export function doubles(runtime: KernelRuntime, pointer: number, count: number): Float64Array {
  return new Float64Array(runtime.memory.buffer, pointer, count);
}

/** Values of a float32 tensor; valid until the next allocation. */
export function valuesOf(runtime: KernelRuntime, info: TensorInfo): Float32Array {
  return floats(runtime, runtime.pointer(info), sizeOf(info.shape));
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
