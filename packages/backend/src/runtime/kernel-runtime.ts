import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

/** Instruction set of the running kernels: 128-bit, 128-bit with relaxed (fused) operations, or shaped for 256 bits. */
export type KernelVariant = 'simd' | 'relaxed' | 'revec';

/** Our WebAssembly modules: each is built once per variant and works in place on tfjs's own memory. */
export type KernelModule = 'conv' | 'fused';

/** A block of tfjs's memory on loan from the pool; `release()` gives it back for reuse and may be called once. */
export interface Scratch {
  /** Byte address, a multiple of 64. */
  readonly pointer: number;
  release(): void;
}

/** What a TypeScript driver of WebAssembly kernels works with. Pointers are byte addresses in `memory`, up to 4 GiB. */
export interface KernelRuntime {
  /** tfjs's memory (shared when there are threads). It grows: make views anew after any allocation. */
  readonly memory: WebAssembly.Memory;
  /** Number of threads that `run` uses, the caller included; 1 means no workers. */
  readonly threads: number;
  readonly variant: KernelVariant;
  /** The functions of a module, to be called on this thread. */
  exports(module: KernelModule): Record<string, (...args: number[]) => number | undefined>;
  /**
   * Calls `fn(...args(part, parts))` for every part, spread over the threads (the caller works too), and waits.
   *
   * Parts are handed out as threads become free, so use a fixed number that depends on the problem only, and results
   * cannot depend on the number of threads. `args` is called on this thread, in order, before anything runs; numbers
   * arrive exactly (floats too), at most 30 a part. With `threadScratch` every call gets one more, last argument: the
   * address of that many bytes which belong to the thread that runs the part, for as long as the part runs
   * (uninitialised, aligned to 64).
   */
  run(
    module: KernelModule,
    fn: string,
    parts: number,
    args: (part: number, parts: number) => readonly number[],
    threadScratch?: number,
  ): void;
  /** Borrows `bytes` of uninitialised memory from the pool. */
  scratch(bytes: number): Scratch;
  /** Byte address of a tensor's first element; valid while the tensor lives. */
  pointer(info: TensorInfo): number;
  /** A new tensor of uninitialised values. */
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
  /** How often the values behind `dataId` were changed in place: 0 for ordinary, immutable tensors. */
  version(dataId: object): number;
  /** Records that the values behind `dataId` were changed in place, so that whatever was derived from them is stale. */
  bumpVersion(dataId: object): void;
  /** Calls `fn` once when the memory behind `dataId` is freed. */
  onDispose(dataId: object, fn: () => void): void;
  /** Calls `fn` whenever memory is used up, before an allocation is tried once more: it gives up what it can. */
  onMemoryFull(fn: () => void): void;
}

/** The runtime on a running tfjs backend, for kernels that hand some cases back to tfjs's own. */
export interface TfjsRuntime extends KernelRuntime {
  readonly backend: BackendWasm;
  /** Frees a tensor from `makeOutput` that is not handed out after all. */
  disposeOutput(info: TensorInfo): void;
  /** Runs a kernel; the tensors that it made are freed when it throws. */
  attempt<T>(kernel: () => T): T;
}
