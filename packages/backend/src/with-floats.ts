import { getKernel, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core';
import type { TfjsRuntime } from './runtime/kernel-runtime.ts';

/** Calls `use` with whole numbers and booleans among the inputs as float32 (labels apart), as tfjs's own kernels do. */
export function withFloats<Inputs extends NamedTensorInfoMap, T>(
  runtime: TfjsRuntime,
  inputs: Inputs,
  use: (floats: Inputs) => T,
): T {
  const isOther = ([name, { dtype }]: [string, TensorInfo]) => dtype !== 'float32' && name !== 'labels';
  const others = (Object.entries(inputs) as [string, TensorInfo][]).filter(isOther);
  if (others.length === 0) return use(inputs);
  const cast = getKernel('Cast', 'wasm')!.kernelFunc;
  const floats: Record<string, TensorInfo> = {};
  try {
    for (const [name, x] of others) {
      floats[name] = cast({ inputs: { x }, attrs: { dtype: 'float32' }, backend: runtime.backend }) as TensorInfo;
    }
    return use({ ...inputs, ...floats });
  } finally {
    for (const float of Object.values(floats)) runtime.disposeOutput(float);
  }
}
