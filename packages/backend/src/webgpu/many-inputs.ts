import type { TensorInfo } from '@tensorflow/tfjs-core';
import { shared, type WebgpuCall } from './kernel.ts';

/** Arrays that every device lets a program bind (WebGPU's default limit), less the result. */
const mostInputs = 7;

/** AddN of any number of tensors: tfjs binds all of them at once, of which devices allow eight. */
export function addN({ backend, inputs, attrs, stock }: WebgpuCall): TensorInfo {
  // tfjs-core hands this kernel a list.
  const terms = Object.values(inputs);
  const sumOf = (list: readonly TensorInfo[]) => stock(list as unknown as Record<string, TensorInfo>, attrs);
  if (terms.length === 1) return shared(backend, terms[0]!, terms[0]!.shape);
  let sum = sumOf(terms.slice(0, mostInputs));
  for (let next = mostInputs; next < terms.length; next += mostInputs - 1) {
    const before = sum;
    sum = sumOf([before, ...terms.slice(next, next + mostInputs - 1)]);
    backend.disposeData(before.dataId);
  }
  return sum;
}
