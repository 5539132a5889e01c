import type { BackendCapacity } from '../capacity.ts';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import type { ScratchUse } from '../runtime/scratch-pool.ts';

/** Options of `startBackend` as an adapter sees them. */
export interface AdapterOptions {
  readonly threads: number | undefined;
  readonly revectorize: boolean;
  readonly precision: 'fast' | 'direct';
  readonly allowCpuFallback: boolean;
  readonly wasmUrl: string | undefined;
}

/** Whether a backend can be started on this machine, and if not, why and what to do. */
interface Availability {
  readonly available: boolean;
  readonly reason: string;
}

/** What kernels hold beside the tensors, in bytes. */
export interface KernelMemory {
  readonly scratch: ScratchUse;
  /** Packed and transformed convolution weights that are kept. */
  readonly weightCacheBytes: number;
  readonly weightCacheLimitBytes: number;
}

/** A backend that an adapter has started and made current. */
export interface AdapterHandle {
  readonly threads: number;
  /** Build of the kernels, e.g. `relaxed`; empty where there is only one. */
  readonly variant: string;
  readonly description: string;
  readonly capacity: BackendCapacity;
  /** Memory that the kernels hold beside the tensors; undefined for backends without kernels of ours. */
  readonly kernelMemory?: () => KernelMemory;
  readonly runtime?: KernelRuntime;
  /** Frees what the backend holds; its tensors become invalid. */
  dispose(): void;
}

/** One backend: how to find out whether it can run here, and how to start it. */
export interface BackendAdapter {
  /** The name under which tfjs knows the backend. */
  readonly tfjsName: string;
  availability(): Promise<Availability>;
  start(options: AdapterOptions): Promise<AdapterHandle>;
}
