import { getKernel, type KernelConfig, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/** Registers a kernel in place of the one that is there, if any; returns the one that was there. */
export function overrideKernel(config: KernelConfig): KernelConfig | undefined {
  const { kernelName, backendName } = config;
  const previous = getKernel(kernelName, backendName);
  if (previous !== undefined) unregisterKernel(kernelName, backendName);
  registerKernel(config);
  return previous;
}

/** Kernels that stand in the place of a backend's own until `restore`. */
export class KernelOverrides {
  readonly #backendName: string;
  readonly #replaced = new Map<string, KernelConfig | undefined>();

  constructor(backendName: string) {
    this.#backendName = backendName;
  }

  /** Puts a kernel in the place of the one that is there; returns the one that was there before all overrides. */
  register(kernelName: string, kernelFunc: KernelFunc): KernelConfig | undefined {
    const previous = overrideKernel({ kernelName, backendName: this.#backendName, kernelFunc });
    if (!this.#replaced.has(kernelName)) this.#replaced.set(kernelName, previous);
    return this.#replaced.get(kernelName);
  }

  /**
   * Puts the backend's own kernels back. They are bound to an instance of the backend when it starts, so that a new
   * instance must find them in their places.
   */
  restore(): void {
    for (const [kernelName, previous] of this.#replaced) {
      if (previous === undefined) unregisterKernel(kernelName, this.#backendName);
      else overrideKernel(previous);
    }
    this.#replaced.clear();
  }
}
