import {
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { overrideKernel } from '../override-kernel.ts';
import type { GpuBackend } from './program.ts';

/** A kernel of our own: inputs and attributes in, one or more tensors out. */
export type GpuKernel = (
  backend: GpuBackend,
  inputs: Record<string, TensorInfo>,
  attrs: Record<string, unknown>,
) => TensorInfo | TensorInfo[];

/** Registers a kernel for tfjs's WebGPU backend in place of the one that is there, if any. */
export function registerGpuKernel(kernelName: string, kernel: GpuKernel): void {
  overrideKernel({
    kernelName,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, attrs, backend }) =>
      kernel(backend as GpuBackend, inputs as Record<string, TensorInfo>, (attrs ?? {}) as Record<string, unknown>),
  });
}

/** A call of a kernel, with a way to call tfjs's own. */
export interface WebgpuCall {
  readonly inputs: Record<string, TensorInfo>;
  readonly attrs: Record<string, unknown>;
  readonly backend: KernelBackend;
  /** tfjs's own kernel of this name. */
  stock(inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>): TensorInfo;
}

const stockKernels = new Map<string, KernelConfig>();

/** Puts a kernel in the place of tfjs's own, which it may call. */
export function wrapKernel(kernelName: string, compute: (call: WebgpuCall) => TensorInfo): void {
  const stock = stockKernels.get(kernelName) ?? getKernel(kernelName, 'webgpu');
  if (stock === undefined) return;
  stockKernels.set(kernelName, stock);
  overrideKernel({
    ...stock,
    kernelFunc: ({ inputs, attrs, backend }) =>
      compute({
        inputs: inputs as Record<string, TensorInfo>,
        attrs: (attrs ?? {}) as Record<string, unknown>,
        backend: backend as KernelBackend,
        stock: (inputs, attrs) =>
          stock.kernelFunc({
            inputs: inputs as NamedTensorInfoMap,
            attrs: attrs as NamedAttrMap,
            backend,
          }) as TensorInfo,
      }),
  });
}

/** The same data in another shape; no new owner. */
export const withShape = (x: TensorInfo, shape: readonly number[]): TensorInfo => ({ ...pick(x), shape: [...shape] });

const pick = ({ dataId, dtype }: TensorInfo) => ({ dataId, dtype });

/** The same data as a result of its own. */
export function shared(backend: KernelBackend, x: TensorInfo, shape: readonly number[]): TensorInfo {
  backend.incRef(x.dataId);
  return withShape(x, shape);
}

/** [before, length, after]: everything but one axis flattened. */
export function linesOf(shape: readonly number[], axis: number): [number, number, number] {
  const product = (part: readonly number[]) => part.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)), shape[axis]!, product(shape.slice(axis + 1))];
}
