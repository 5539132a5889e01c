/** What a backend offers a training, for choosing how large its patches may be. */
export interface BackendCapacity {
  /** Bytes that all tensors together may take, scratch memory of the kernels included. */
  readonly memoryBytes: number;
  /** Bytes of one tensor at most; infinite where there is no limit. */
  readonly tensorBytes: number;
  /**
   * GFLOP a second that such a backend trains 3-D networks at, as a rule of thumb: the same on every machine, for what
   * must not depend on the machine.
   */
  readonly gflopPerSecond: number;
}

/** Two cores of a processor. */
export const processorGflopPerSecond = 60;
/** A small GPU. */
export const gpuGflopPerSecond = 1500;
/** Where a GPU does not tell its memory. */
export const usualGpuBytes = 8 * 2 ** 30;
