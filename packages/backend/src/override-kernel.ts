import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/** Registers a kernel in place of the one that is there, if any; returns the one that was there. */
export function overrideKernel(config: KernelConfig): KernelConfig | undefined {
  const { kernelName, backendName } = config;
  const previous = getKernel(kernelName, backendName);
  if (previous !== undefined) unregisterKernel(kernelName, backendName);
  registerKernel(config);
  return previous;
}
